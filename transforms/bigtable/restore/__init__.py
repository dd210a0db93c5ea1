"""What a restore selects, writes, and leaves after a failure."""
