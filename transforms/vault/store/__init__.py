"""What a vault asks of a file system or an object store, and the two that answer."""
