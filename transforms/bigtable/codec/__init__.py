"""Compiled conversion between Bigtable's messages and Avro records."""
