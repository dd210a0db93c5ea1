"""The environment variable that selects an emulator, as in Google's client libraries."""

import os

VARIABLE = "BIGTABLE_EMULATOR_HOST"


def host() -> str:
    """`host:port` of the emulator that is used instead of the service, or ""."""
    return os.environ.get(VARIABLE, "")


def hint() -> str:
    """A sentence to append to an error if an emulator was used; else ""."""
    return f" {VARIABLE}={host()} is set: an emulator was asked, not the service." if host() else ""
