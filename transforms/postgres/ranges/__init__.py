"""Cutting tables into ranges, and reading the rows of one."""
