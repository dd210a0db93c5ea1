"""The rooms that this version knows: who can read the records of a backup."""

from collections.abc import Mapping

from transforms.bigtable.records import inspect as inspect_bigtable
from transforms.errors import IntegrityError
from transforms.identity import Identity
from transforms.postgres.records import inspect as inspect_postgres
from transforms.source import Inspect

INSPECTORS: Mapping[str, Inspect] = {"bigtable": inspect_bigtable, "postgres": inspect_postgres}


def inspector(source: Identity) -> Inspect:
    """The reader of a source's records.

    Raises:
        IntegrityError: if this version has none.
    """
    if source.room not in INSPECTORS:
        raise IntegrityError(f"the backup is of {source}, which this version cannot read. Use a newer Shardkeep.")
    return INSPECTORS[source.room]
