"""The vault: where backups are stored, what they consist of, and what proves them whole."""
