"""What commands show people and programs."""
