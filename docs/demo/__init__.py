"""The demonstration: a real Bigtable (the official emulator) with real data, backed up, damaged and restored."""
