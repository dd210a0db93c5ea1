"""The options that name a PostgreSQL database and its tables."""

import argparse
from dataclasses import replace

from pipelines.command.options.arguments import OptionParser
from pipelines.command.print.durations import parse_duration
from transforms.cloud_sql.instance import IPS, PRIVATE, PSC, PUBLIC, CloudSql, parse_cloud_sql
from transforms.errors import UsageError
from transforms.postgres.server.database import MOST_IDLE_SECONDS, Database
from transforms.postgres.server.database_url import parse_database

# A form's values are visible to everyone who can see the job, so a password must be refused before the launch.
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
    _add_idle_timeout(parser)


def _add_idle_timeout(parser: OptionParser) -> None:
    parser.add_text(
        "--idle_timeout",
        "how long the server may say nothing before a second session asks it whether it still works on what it was"
        " asked; one that does not is given up (exit code 9)",
        default="10m",
        label="Time without a word of the server",
        example="10m",
        pattern="^[0-9]{1,5}[smhd]$",
    )


def database_of(values: argparse.Namespace) -> Database:
    """The database that the options name; `parse_database` says what is refused."""
    database = parse_database(values.database, values.password_secret, values.iam_auth, _cloud_sql_of(values))
    seconds = parse_duration(values.idle_timeout, "--idle_timeout").total_seconds()
    return replace(database, idle_timeout=min(seconds, MOST_IDLE_SECONDS))


def _cloud_sql_of(values: argparse.Namespace) -> CloudSql | None:
    if values.cloud_sql_instance is not None:
        return parse_cloud_sql(values.cloud_sql_instance, values.cloud_sql_ip)
    if values.cloud_sql_ip == PSC:  # not checked for the others: a form sends its default
        raise UsageError("--cloud_sql_ip=psc is of a Cloud SQL instance: give --cloud_sql_instance as well")
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
    # Every second piece is inside quotes; a NUL, which no argument can contain, marks the commas outside.
    marked = '"'.join(piece if place % 2 else piece.replace(",", "\0") for place, piece in enumerate(quoted))
    items = tuple(item.strip() for item in marked.split("\0"))
    if "" in items:
        raise UsageError(f"{option}: {text!r} has an empty item; write it as a,b,c")
    return items
