"""The room of PostgreSQL."""
