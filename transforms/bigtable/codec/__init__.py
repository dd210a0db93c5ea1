"""Between Bigtable's messages and Avro records, compiled."""
