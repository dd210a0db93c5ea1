"""Making the objects of a schema, each once: the steps, their order, and how they are run."""
