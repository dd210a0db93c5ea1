"""One moment for all readers: a snapshot or a frozen source, and the locks that protect tables."""
