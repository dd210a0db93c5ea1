"""Splits a table's key space into ranges, and reads the rows of one."""
