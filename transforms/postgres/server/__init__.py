"""Connecting to one server: its address, password and sessions, and its errors as Shardkeep's."""
