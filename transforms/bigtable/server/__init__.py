"""Connecting to one instance: its name, channels, credentials, retries, and the service's errors as ours."""
