"""The options that name a PostgreSQL database and its tables."""

import argparse
import os
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

from pipelines.command.arguments import OptionParser
from transforms.errors import UsageError
from transforms.postgres.cloud_sql import IPS, PRIVATE, PUBLIC, CloudSql, parse_cloud_sql
from transforms.postgres.database import Database
from transforms.postgres.database_url import parse_database

_FEWEST_CONNECTIONS = 3
"""The snapshot's holder, a reader, and pg_dump or the planner."""
_MOST_READERS = 8
"""By default: more gain little on one server, and its connections are its users'."""

# What a form takes is shown to whoever may see the job, so a password must not even get that far.
_WITHOUT_PASSWORD = "^postgres(ql)?://[^:/?@]+@[^@?]*([?].*)?$"  # noqa: S105 - a pattern

_IPS = dict(zip(IPS, ("Public", "Private", "Private Service Connect"), strict=True))


def add_database(parser: OptionParser, purpose: str) -> None:
    """Declare the options that name a database `purpose`, such as "to read"."""
    parser.add_text(
        "--database",
        f"database {purpose}, postgresql://USER@HOST:PORT/DB, or postgresql://USER@/DB with --cloud_sql_instance;"
        " the password never stands in it, but in PGPASSWORD, a pgpass file or --password_secret",
        required=True,
        example="postgresql://backup@10.0.0.5:5432/shop",
        form_pattern=_WITHOUT_PASSWORD,
    )
    parser.add_text(
        "--cloud_sql_instance",
        "Cloud SQL instance that the database is in, reached through the Cloud SQL Auth Proxy: PROJECT:REGION:INSTANCE",
        label="Cloud SQL instance",
        example="my-project:europe-west1:my-instance",
        pattern="^[^:]+(:[^:]+){2,3}$",
    )
    parser.add_choice(
        "--cloud_sql_ip",
        "the instance's address that the proxy connects to: public, private for workers in its network, or psc for a"
        " Private Service Connect endpoint",
        choices=_IPS,
        default=PUBLIC,
        distant_default=PRIVATE,
        label="Address of the Cloud SQL instance",
    )
    parser.add_text(
        "--password_secret",
        "the password's secret, projects/PROJECT/secrets/SECRET/versions/VERSION",
        label="Secret with the password",
        example="projects/my-project/secrets/backup-password/versions/1",
        pattern="^projects/[^/]+/secrets/[^/]+/versions/[^/]+$",
    )
    parser.add_flag(
        "--iam_auth",
        "log in as the Google account that runs this, without a password (Cloud SQL IAM)",
        label="Log in by IAM",
    )


def database_of(values: argparse.Namespace, here: bool) -> Database:
    """The database that the options name; see `parse_database` for what is refused.

    Args:
        values: The parsed options.
        here: Whether the workers are on this machine: those of Dataflow have private addresses alone.
    """
    cloud_sql = _cloud_sql_of(values, PUBLIC if here else PRIVATE)
    return parse_database(values.database, values.password_secret, values.iam_auth, cloud_sql)


def _cloud_sql_of(values: argparse.Namespace, default: str) -> CloudSql | None:
    if values.cloud_sql_instance is not None:
        return parse_cloud_sql(values.cloud_sql_instance, values.cloud_sql_ip or default)
    if values.cloud_sql_ip not in (None, default):  # a form sends what it was filled with, the default
        raise UsageError(
            f"--cloud_sql_ip={values.cloud_sql_ip} is of a Cloud SQL instance: give --cloud_sql_instance as well"
        )
    return None


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


def readers_of(wanted: int | None, most_connections: int | None, here: bool = True) -> int:
    """How many ranges are read at once, so that the whole job stays within its connections.

    Args:
        wanted: The number asked for, or None.
        most_connections: How many connections the whole job may have, or None.
        here: Whether the workers are on this machine. The processors of one that only launches the job say nothing.

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


def lanes_and_threads(readers: int, beam_args: Sequence[str]) -> tuple[int, int]:
    """How `readers` are spread: all in one worker where the engine has just one, else each in a worker."""
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner
    alone = runner == "FnApiRunner" and options.view_as(DirectOptions).direct_num_workers == 1
    return (1, readers) if alone else (readers, 1)
