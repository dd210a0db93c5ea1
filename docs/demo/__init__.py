"""The demonstration: a real Bigtable (the official emulator) and a real PostgreSQL with real data, there and back."""
