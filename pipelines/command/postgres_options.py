"""The options that name a PostgreSQL database and its tables."""

import argparse
import os
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

from pipelines.command.arguments import OptionParser
from transforms.errors import UsageError
from transforms.postgres.database import Database
from transforms.postgres.database_url import parse_database

_FEWEST_CONNECTIONS = 3
"""The snapshot's holder, a reader, and pg_dump or the planner."""


def add_database(parser: OptionParser, purpose: str) -> None:
    """Declare the options that name a database `purpose`, such as "to read"."""
    parser.add_text(
        "--database",
        f"database {purpose}, postgresql://USER@HOST:PORT/DB; its password comes from PGPASSWORD or a pgpass file",
        required=True,
    )
    parser.add_text("--password_secret", "the password's secret, projects/PROJECT/secrets/SECRET/versions/VERSION")
    parser.add_flag("--iam_auth", "log in with a token of the Google account that runs this (Cloud SQL IAM)")


def database_of(values: argparse.Namespace) -> Database:
    """The database that the options name; see `parse_database` for what is refused."""
    return parse_database(values.database, values.password_secret, values.iam_auth)


def split_list(text: str | None, option: str) -> tuple[str, ...]:
    """The items of a list with commas outside of double quotes; empty if it is not given.

    Raises:
        UsageError: if an item is empty, or a quote is left open.
    """
    if text is None:
        return ()
    quoted = text.split('"')
    if len(quoted) % 2 == 0:
        raise UsageError(f"{option}: {text!r} has a double quote that is left open")
    # Every other piece is inside of quotes; a NUL, which no argument holds, marks the commas outside.
    marked = '"'.join(piece if place % 2 else piece.replace(",", "\0") for place, piece in enumerate(quoted))
    items = tuple(item.strip() for item in marked.split("\0"))
    if "" in items:
        raise UsageError(f"{option}: {text!r} has an empty item; write it as a,b,c")
    return items


def readers_of(wanted: int | None, most_connections: int | None) -> int:
    """How many ranges are read at once, so that the whole job stays within its connections.

    Raises:
        UsageError: if there are too few connections for one reader.
    """
    readers = wanted or min(8, max(2, os.cpu_count() or 2))
    if most_connections is None:
        return readers
    if most_connections < _FEWEST_CONNECTIONS:
        raise UsageError(
            f"--max_connections={most_connections} is too few: the snapshot's holder, a reader and pg_dump take"
            f" {_FEWEST_CONNECTIONS}"
        )
    return min(readers, most_connections - _FEWEST_CONNECTIONS + 1)


def lanes_and_threads(readers: int, beam_args: Sequence[str]) -> tuple[int, int]:
    """How `readers` are spread: all in one worker where the engine has just one, else each in a worker."""
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner
    alone = runner == "FnApiRunner" and options.view_as(DirectOptions).direct_num_workers == 1
    return (1, readers) if alone else (readers, 1)
