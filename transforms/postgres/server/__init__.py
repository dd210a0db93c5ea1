"""Reaching one server: its address, its password, sessions with it, and what its errors mean."""
