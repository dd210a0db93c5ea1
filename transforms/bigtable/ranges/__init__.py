"""Cutting a table's key space into ranges, and reading the rows of one."""
