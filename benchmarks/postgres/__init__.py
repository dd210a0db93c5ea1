"""Backups and restores of PostgreSQL beside PostgreSQL's own programs."""
