"""What a backup notes of a database beside its rows and its schema: settings, roles, states, values."""
