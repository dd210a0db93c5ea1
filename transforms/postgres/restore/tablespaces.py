"""Tablespaces: folders of a server, which the target's server may not have."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.names.identifiers import name_list
from transforms.postgres.server.session import Connection

MOST_NAMES = 5
_EXISTING = "SELECT spcname FROM pg_catalog.pg_tablespace"


def without_tablespaces(toc: Toc) -> Toc:
    """The archive with all objects in the target's default tablespace."""
    return replace(toc, entries=tuple(replace(entry, tablespace="") for entry in toc.entries))


def missing_tablespaces(connection: Connection, entries: Iterable[Entry]) -> Iterator[str]:
    """A line for each tablespace of these objects that the server lacks, for people."""
    wanted: dict[str, list[str]] = {}
    for entry in entries:
        if entry.tablespace:
            wanted.setdefault(entry.tablespace, []).append(str(entry))
    existing = {row[0] for row in connection.execute(_EXISTING)} if wanted else set()
    for name in sorted(wanted.keys() - existing):
        yield (
            f"The server has no tablespace {name}, in which the backup has {name_list(wanted[name], MOST_NAMES)}."
            " Make one of that name (CREATE TABLESPACE), or leave tablespaces out: --tablespaces=none."
        )
