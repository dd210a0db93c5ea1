"""The variable by which Google's client libraries, and we, are sent to an emulator."""

import os

VARIABLE = "BIGTABLE_EMULATOR_HOST"


def host() -> str:
    """`host:port` of the emulator that stands in for the service, or ""."""
    return os.environ.get(VARIABLE, "")


def hint() -> str:
    """A sentence to end an error with: who was asked, if it was not the service; else ""."""
    return f" {VARIABLE}={host()} is set: an emulator was asked, not the service." if host() else ""
