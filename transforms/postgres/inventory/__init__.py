"""What a backup contains of a database beside rows and schema: settings, roles, states, values."""
