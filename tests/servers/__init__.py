"""Real servers for tests and the demo: each is found or made, started on a free loopback port, and ended."""
