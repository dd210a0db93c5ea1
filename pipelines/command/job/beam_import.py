"""Importing Apache Beam without what none of our pipelines uses of it: it takes a quarter less time."""

import importlib
import sys

# Each is optional for Beam, which tries to import it as it starts: for columns of data frames, for files of Parquet
# and for Pub/Sub (apache_beam/typehints/__init__.py, apache_beam/io/).
_UNUSED = ("pandas", "pyarrow", "google.cloud.pubsub")


def import_beam() -> None:
    """Import Beam, if that has not been done, as if the packages that it can do without were not installed.

    They can be imported as ever afterwards, by a user's own modules for one.
    """
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python's word for a module to refuse
    try:
        importlib.import_module("apache_beam")
    finally:
        for name in hidden:
            del sys.modules[name]
