"""Importing Apache Beam without packages that our pipelines do not use: that takes a quarter less time."""

import importlib
import sys

# Optional packages that Beam tries to import at its start: for columns of data frames, Parquet files and Pub/Sub
# (apache_beam/typehints/__init__.py, apache_beam/io/).
_UNUSED = ("pandas", "pyarrow", "google.cloud.pubsub")


def import_beam() -> None:
    """Import Beam, unless it is imported, as if its unused optional packages were not installed.

    Afterwards they can be imported as usual, for example by a user's own modules.
    """
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes Python refuse the import
    try:
        importlib.import_module("apache_beam")
    finally:
        for name in hidden:
            del sys.modules[name]
