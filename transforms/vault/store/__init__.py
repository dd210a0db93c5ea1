"""Stores: the interface that a vault needs, and its implementations for a folder and for Cloud Storage."""
