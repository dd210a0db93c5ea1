"""One moment for all readers: a snapshot, a frozen source, and the locks that keep tables as they are."""
