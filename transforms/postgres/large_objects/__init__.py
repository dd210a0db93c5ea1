"""Large objects: their pages read and written, their owners, privileges and comments."""
