"""Backups and restores of PostgreSQL compared with PostgreSQL's own programs."""
