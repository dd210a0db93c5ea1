"""Mutated inputs for the compiled decoders."""
