"""The version of the running Shardkeep."""

import importlib.metadata


def version() -> str:
    """The version of the installed distribution."""
    try:
        return importlib.metadata.version("shardkeep")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
