"""A restore from its plan to its end: what is chosen, what is made, the rows, and what follows them."""
