"""Vaults of many backups: the cost of commands that look for a backup, or begin one."""
