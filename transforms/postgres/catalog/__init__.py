"""The source's catalog: schemas, tables, columns and keys, and how each table can be read."""
