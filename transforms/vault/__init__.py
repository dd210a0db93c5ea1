"""The vault: where backups lie, what they are made of and what proves them whole."""
