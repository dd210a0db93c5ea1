"""A restore from beginning to end: the selection, the plan, the objects, the rows, and what follows them."""
