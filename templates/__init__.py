"""Flex Templates of Dataflow: the images, and the metadata and spec of each pipeline's template."""
