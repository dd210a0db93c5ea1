"""Vaults of many backups: what commands cost that look for one, or begin one."""
