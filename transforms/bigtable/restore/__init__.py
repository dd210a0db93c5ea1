"""What a restore chooses, writes and leaves."""
