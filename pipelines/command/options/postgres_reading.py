"""The options for what is read from a PostgreSQL database, and how."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from pipelines.command.options.arguments import OptionParser
from transforms.errors import UsageError

if TYPE_CHECKING:
    from transforms.postgres.names.selection import Selection

_FEWEST_CONNECTIONS = 3
"""One that holds the snapshot, one that plans or reads, and one of pg_dump."""
_MOST_READERS = 8
"""The default is never more: more readers gain little on one server, whose connections its users need."""

_CONSISTENCY = {
    "snapshot": "One moment",
    "frozen-source": "A database that stands still: a paused replica, or a clone",
    "fuzzy": "No one moment",
}
_ORDER = {"auto": "As each table suits", "key": "By key", "physical": "As the rows lie"}


def add_selection(parser: OptionParser) -> None:
    """Declare the options that choose tables and rows."""
    parser.group("Selection")
    parser.add_text(
        "--schema",
        "schemas whose tables are read, SQL identifiers or globs: S[,S..]; by default all",
        label="Schemas",
        example="public,sales_*",
    )
    parser.add_text(
        "--table",
        "tables to read, SQL identifiers or globs: S.T[,S.T..]; by default all",
        label="Tables",
        example="public.orders,sales.*",
    )
    parser.add_text(
        "--exclude_table", "tables not to read: S.T[,S.T..]", label="Tables to leave out", example="public.sessions"
    )
    parser.add_text(
        "--where",
        "rows to read of a table: S.T:predicate; a further table on a line of its own",
        label="Rows",
        example="public.orders:created >= '2026-01-01'",
    )


def add_reading(parser: OptionParser) -> None:
    """Declare the options for the moment, the order and the parallelism of reading."""
    parser.group("Reading")
    parser.add_choice(
        "--consistency",
        "what the copy is of: one moment; a database that stands still; no one moment",
        choices=_CONSISTENCY,
        default="snapshot",
        distant_default="frozen-source",
        local_choices=("snapshot",),
    )
    parser.add_choice("--order", "the order in which tables are read", choices=_ORDER, default="auto")
    parser.add_count(
        "--readers",
        "ranges that are read at once; by default as many as this machine has processors, 2 to 8, and 8 on engines"
        " elsewhere",
        example="8",
    )
    parser.add_count("--max_connections", "connections to the database that the whole job has at most", example="8")


def selection_of(values: argparse.Namespace) -> Selection:
    """The selection that the options describe; `Selection.parse` says what is refused."""
    from transforms.postgres.names.selection import Selection  # it imports the driver

    return Selection.parse(
        values.schema or "", values.table or "", values.exclude_table or "", (values.where or "").splitlines()
    )


def readers_of(wanted: int | None, most_connections: int | None, here: bool) -> int:
    """How many ranges are read at once, so that the whole job stays within its connections.

    Args:
        wanted: The number asked for, or None.
        most_connections: How many connections the whole job may have, or None.
        here: Whether the workers are on this machine; if not, its number of processors has no meaning for them.

    Raises:
        UsageError: if there are too few connections for one reader.
    """
    processors = max(2, os.cpu_count() or 2) if here else _MOST_READERS
    readers = wanted or min(_MOST_READERS, processors)
    if most_connections is None:
        return readers
    if most_connections < _FEWEST_CONNECTIONS:
        raise UsageError(
            f"--max_connections={most_connections} is too few: the snapshot's holder, a reader and pg_dump take"
            f" {_FEWEST_CONNECTIONS}"
        )
    return min(readers, most_connections - _FEWEST_CONNECTIONS + 1)


def lanes_and_threads(readers: int, alone: bool) -> tuple[int, int]:
    """The lanes and the threads of each: one lane for all readers if there is one worker, else one for each."""
    return (1, readers) if alone else (readers, 1)
