"""Making the objects of a schema, each once: the steps, their order, and what runs them."""
