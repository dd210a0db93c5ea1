"""Side-by-side measurements against a server that replays realistic messages."""
