"""Backup and restore of Cloud Bigtable."""
