"""Compiled conversion between the server's binary COPY and Avro records; and the forms of values in both."""
