"""Flex Templates of Dataflow: the images, and for each pipeline the metadata and the spec that name them."""
