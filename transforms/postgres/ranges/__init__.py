"""Cuts tables into ranges, and reads the rows of a range."""
