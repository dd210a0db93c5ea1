"""Between the server's binary COPY and Avro records, compiled; and the forms that values travel in."""
