"""Documents, and the demonstration."""
