"""Avro container files: blocks, headers and the codecs between them."""
