"""What is there: schemas, tables, columns and keys, and how each table can be read."""
