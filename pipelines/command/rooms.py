"""The rooms that this version knows: who can read the records of a backup, and its attachments."""

from collections.abc import Mapping

from transforms.bigtable.records import inspect as inspect_bigtable
from transforms.errors import IntegrityError
from transforms.identity import Identity
from transforms.postgres.attachment import check_attachment as check_postgres
from transforms.postgres.records import inspect as inspect_postgres
from transforms.source import CheckAttachment, Inspect
from transforms.verify_work import let_pass

INSPECTORS: Mapping[str, Inspect] = {"bigtable": inspect_bigtable, "postgres": inspect_postgres}

ATTACHMENTS: Mapping[str, CheckAttachment] = {"postgres": check_postgres}
"""Rooms whose backups have attachments."""


def attachment_check(source: Identity) -> CheckAttachment:
    """The reader of the attachments of a source's backups."""
    return ATTACHMENTS.get(source.room, let_pass)


def inspector(source: Identity) -> Inspect:
    """The reader of a source's records.

    Raises:
        IntegrityError: if this version has none.
    """
    if source.room not in INSPECTORS:
        raise IntegrityError(f"the backup is of {source}, which this version cannot read. Use a newer Shardkeep.")
    return INSPECTORS[source.room]
