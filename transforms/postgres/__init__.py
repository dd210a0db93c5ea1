"""Backup and restore of PostgreSQL."""
