"""Opens sessions with a database, always in the same way: every setting that changes what is read is pinned."""

import os
import socket
import time
from contextlib import suppress
from typing import Any

import psycopg

from transforms.cloud_sql import endpoint
from transforms.cloud_sql.proxy import ADVICE
from transforms.errors import NotFoundError, ShardkeepError, UnreachableError, UsageError
from transforms.postgres.server import ascii_session
from transforms.postgres.server.connection import Connection as Connection  # exported for other modules
from transforms.postgres.server.conninfo import conninfo
from transforms.postgres.server.credential import password_of
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import FULL, is_full, said, translated
from transforms.postgres.server.silence import BY_PROCESS, LONGEST_WAIT, Activity, Silence, activity

APPLICATION = "shardkeep"
SECONDS_TO_END = 2.0
OLDEST = 120000  # server_version_num of PostgreSQL 12.0
LOG_IN = "Check host, port, user and password (PGPASSWORD, a pgpass file, --password_secret or --iam_auth)."
# Name, value and the first major version that knows it. pg_dump pins most of these too, for the same reasons; the
# others are settings of a role or a database that would change a text, a plan, or the length of a session.
SETTINGS = (
    ("search_path", "", 0),
    ("TimeZone", "UTC", 0),
    ("DateStyle", "ISO, YMD", 0),
    ("IntervalStyle", "postgres", 0),
    ("extra_float_digits", "3", 0),
    ("bytea_output", "hex", 0),
    ("lc_monetary", "C", 0),
    ("xmloption", "content", 0),
    ("standard_conforming_strings", "on", 0),
    ("quote_all_identifiers", "off", 0),
    ("array_nulls", "on", 0),
    ("transform_null_equals", "off", 0),
    ("constraint_exclusion", "partition", 0),
    ("row_security", "off", 0),
    ("synchronize_seqscans", "off", 0),
    ("gin_fuzzy_search_limit", "0", 0),
    ("enable_tidscan", "on", 0),
    ("max_parallel_workers_per_gather", "0", 0),
    ("jit", "off", 0),
    ("default_transaction_isolation", "read committed", 0),
    ("default_transaction_deferrable", "off", 0),
    ("statement_timeout", "0", 0),
    ("lock_timeout", "0", 0),
    ("idle_in_transaction_session_timeout", "0", 0),
    ("idle_session_timeout", "0", 14),
    ("transaction_timeout", "0", 17),
)


# In force from the first statement on: a role's limit of a few milliseconds could end the one that pins the rest.
# A client's settings at connection have precedence over those of a role or a database.
FROM_THE_START = "-c statement_timeout=0"
# Superusers' settings that accept damaged pages, as empty or as they are, with only a warning.
DAMAGE = ("zero_damaged_pages", "ignore_checksum_failure")
_DAMAGE = ", ".join(f"pg_catalog.current_setting('{name}')" for name in DAMAGE)


def connect(database: Database, *, purpose: str) -> Connection:
    """Open a session in autocommit mode with pinned settings; `purpose` is shown in `pg_stat_activity`.

    In a database of encoding SQL_ASCII the client's encoding is SQL_ASCII too, and text is read as UTF-8 with
    other bytes as lone surrogates (`surrogateescape`); elsewhere the client's encoding is UTF-8.

    Raises:
        UnreachableError: if no server answers, or it does not let the user in, or is older than PostgreSQL 12; or if
            the proxy of a Cloud SQL instance cannot be started.
        NotFoundError: if the server has no such database.
        UsageError: if libpq does not know a parameter of the URL.
    """
    connection = _opened(database, purpose)
    connection.silence = Silence(database.idle_timeout)
    try:
        _check_age(connection, database)
        with translated(f"{database}: preparing the session"):
            process = _pin(connection)
        connection.silence = Silence(database.idle_timeout, lambda: look(database, BY_PROCESS, process))
    except BaseException:
        connection.close()
        raise
    return connection


def end(connection: Connection) -> None:
    """Close a session, and wait briefly until the server has ended it: until then it counts for the server's limits."""
    if connection.closed:
        return
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        connection.close()
        wire.settimeout(SECONDS_TO_END)
        with suppress(OSError):
            while wire.recv(1 << 12):
                continue


def major_of(connection: Connection) -> int:
    """The server's major version."""
    return connection.info.server_version // 10000


def look(database: Database, query: str, whom: int | str) -> Activity:
    """What the server is doing for another session; see `silence.activity`."""
    seconds = min(LONGEST_WAIT, 4 * database.idle_timeout)

    def opened() -> Connection:
        connection = _opened(database, "watch", connect_timeout=str(max(2, round(seconds))))
        connection.silence = Silence(seconds)
        return connection

    return activity(opened, query, whom)


def _opened(database: Database, purpose: str, **more: str) -> Connection:
    arguments: dict[str, Any] = {
        **conninfo(database),
        **more,
        "options": f"{os.environ.get('PGOPTIONS', '')} {FROM_THE_START}",  # the last one counts
        "client_encoding": "UTF8",
        "application_name": f"{APPLICATION} {purpose}",
        "password": password_of(database),
    }
    start = time.monotonic()
    try:
        # No prepared statements by the driver: a pooler in between may give each transaction another server.
        return Connection.connect(autocommit=True, prepare_threshold=None, **arguments)
    except psycopg.OperationalError as error:
        raise _refusal(error, database, start) from error
    except psycopg.ProgrammingError as error:
        raise UsageError(f"{database}: {said(error)} Leave the parameter out, or update libpq.") from error


def _refusal(error: psycopg.OperationalError, database: Database, start: float) -> ShardkeepError:
    """Why a connection failed: libpq has no code for that, only the server's words, which may be translated."""
    words = said(error)
    if f'database "{database.name}" does not exist' in words:
        return NotFoundError(f"{database}: {words} Check the name, or create the database first.")
    if heard := _proxy_said(database, start):
        return UnreachableError(f"{database}: {words}{heard}\n{ADVICE}")
    advice = FULL[1] if is_full(words) else LOG_IN
    return UnreachableError(f"{database}: {words} {advice}")


def _proxy_said(database: Database, start: float) -> str:
    """Why a Cloud SQL instance's proxy closed the connection, which libpq does not know; empty if it did not say."""
    if database.cloud_sql is None:
        return ""
    return endpoint.said(database.cloud_sql, database.iam_auth, start)


def _check_age(connection: Connection, database: Database) -> None:
    version = connection.info.server_version
    if version < OLDEST:
        raise UnreachableError(f"{database}: the server is PostgreSQL {version // 10000}; it must be 12 or later.")


def _pin(connection: Connection) -> int:
    """Pin the settings; returns the id of the server's process, which a pooler in between would hide."""
    major = major_of(connection)
    known = [(name, value) for name, value, since in SETTINGS if major >= since]
    calls = ", ".join(["pg_catalog.set_config(%s, %s, false)"] * len(known))
    query = f"SELECT {calls}, {_DAMAGE}, pg_catalog.pg_backend_pid()"
    row = connection.execute(query, [word for setting in known for word in setting]).fetchone()
    assert row is not None, "a SELECT of one row"  # noqa: S101
    if "on" in row[len(known) :]:
        _refuse_damage(connection)
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        ascii_session.adapt(connection)
    return int(row[-1])


def _refuse_damage(connection: Connection) -> None:
    try:
        for name in DAMAGE:
            connection.execute(f"SET {name} = off".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        names = " and ".join(DAMAGE)
        raise UnreachableError(
            f"{names} may make damaged rows vanish in silence, and only a superuser can turn them off: {said(error)}"
            " See with SHOW which one is on, and RESET it for the role, the database or the server."
        ) from error
