"""What all compiled codecs are made of: runs of bytes, bounded reading, growing memory, faults. Knows no database."""
