"""The ledger of one restore, in the target: what is done is entered in the same transaction.

It is a schema that is made with the first objects. When the last ones are made, all of it is dropped except the
restore's result, the last word: an engine may repeat any call, even after the end, and must get the same answer. When
the job is over, the command drops it, or, if no command waits for the job, the next restore into the database does.
"""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from psycopg.errors import InsufficientPrivilege, UndefinedObject, UndefinedTable

from transforms.errors import RefusedError
from transforms.postgres.names.identifiers import literal
from transforms.postgres.names.reserved import LEDGER as SCHEMA
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection
from transforms.skipped import Skipped, from_text, to_text

# The key of the advisory lock, unlikely to be another program's: the first 63 bits of the SHA-256 of the schema's name.
LOCK = int.from_bytes(hashlib.sha256(SCHEMA.encode()).digest()[:8], "big") >> 1
_CREATE = f"""
    CREATE SCHEMA {SCHEMA};
    CREATE TABLE {SCHEMA}.restore (id text NOT NULL, backup text NOT NULL, began timestamptz NOT NULL DEFAULT now());
    CREATE TABLE {SCHEMA}.step (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.piece (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.skipped (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.told (words text NOT NULL);
    CREATE TABLE {SCHEMA}.ended (word text NOT NULL);
"""
_CLEAR = f"""
    DROP TABLE {SCHEMA}.step, {SCHEMA}.piece, {SCHEMA}.skipped, {SCHEMA}.told;
    COMMENT ON SCHEMA {SCHEMA} IS 'A restore has ended. When its job is over: DROP SCHEMA {SCHEMA} CASCADE';
"""
# Settings that keep event triggers from firing: the first since PostgreSQL 17, the second those without ENABLE ALWAYS
# or ENABLE REPLICA.
QUIET = (("event_triggers", "off"), ("session_replication_role", "replica"))
_IS_OPEN = f"""
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = '{SCHEMA}' AND c.relname = 'step')
"""  # noqa: S608
_IS_THERE = f"SELECT pg_catalog.to_regclass('{SCHEMA}.restore') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One restore: its id, and the backup that is restored."""

    id: str
    backup: str


def find(connection: Connection) -> Restoration | None:
    """The restore that has begun in the database and not ended, or None."""
    if not _one(connection, _IS_THERE):
        return None
    query = f"SELECT id, backup FROM {SCHEMA}.restore WHERE NOT EXISTS (SELECT FROM {SCHEMA}.ended)"  # noqa: S608
    row = connection.execute(query).fetchone()
    return Restoration(*row) if row else None


def is_open(connection: Connection) -> bool:
    """Whether any restore has not ended here, from the catalog: only its owner may read the ledger."""
    return _one(connection, _IS_OPEN)


def last_word(connection: Connection, restore: str) -> str | None:
    """The word that the restore with this id gave to `end`; None if it has not ended here."""
    if not _one(connection, _IS_THERE):
        return None
    query = f"SELECT word FROM {SCHEMA}.restore, {SCHEMA}.ended WHERE id = %s"  # noqa: S608
    row = connection.execute(query, (restore,)).fetchone()
    return str(row[0]) if row else None


def create(connection: Connection, restoration: Restoration) -> None:
    """Make the ledger of a restore; one left by a restore that has ended is dropped."""
    if _one(connection, _IS_THERE) and find(connection) is None:
        drop(connection)
    connection.execute(_CREATE)
    connection.execute(
        f"INSERT INTO {SCHEMA}.restore (id, backup) VALUES (%s, %s)",  # noqa: S608
        (restoration.id, restoration.backup),
    )


def lock(connection: Connection) -> Restoration | None:
    """Wait for, and hold until the transaction ends, the lock for changes to a restore's objects in this database.

    Returns:
        The restore that has begun and not ended, read under the lock: the last holder may have begun or ended one.
    """
    connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))
    return find(connection)


def claim_steps(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Enter steps in the ledger; returns those that were not in it: the others are done already.

    Others see the entries when the transaction is committed, and wait for its end if they claim the same steps. All
    enter them in sorted order, so that no two wait for each other.
    """
    query = (
        f"INSERT INTO {SCHEMA}.step SELECT pg_catalog.unnest(%s::pg_catalog.text[])"
        " ON CONFLICT DO NOTHING RETURNING name"
    )
    return frozenset(row[0] for row in connection.execute(query, (sorted(names),)))


def done_steps(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of the named steps that are in the ledger."""
    query = f"SELECT name FROM {SCHEMA}.step WHERE name = ANY(%s)"  # noqa: S608
    return frozenset(row[0] for row in connection.execute(query, (list(names),)))


def begin_pieces(connection: Connection, names: Iterable[str], restore: str) -> frozenset[str]:
    """Begin a transaction and enter pieces in the ledger; returns those that have not been written.

    Args:
        connection: A connection in no transaction.
        names: The pieces.
        restore: The restore's id: if it has ended, all of its pieces have been written.
    """
    values = ", ".join(f"({literal(name).text})" for name in names)
    query = f"BEGIN; INSERT INTO {SCHEMA}.piece VALUES {values} ON CONFLICT DO NOTHING RETURNING name"  # noqa: S608
    try:
        cursor = connection.execute(query.encode("utf-8", "surrogateescape"))
        cursor.nextset()
        return frozenset(row[0] for row in cursor)
    except UndefinedTable:
        connection.execute("ROLLBACK")
        if last_word(connection, restore) is None:
            raise
        return frozenset()


def note_skipped(connection: Connection, names: Iterable[str], told: Sequence[Skipped] = ()) -> None:
    """Note the steps that this restore leaves out, and the lines for the user about them."""
    query = f"INSERT INTO {SCHEMA}.skipped SELECT pg_catalog.unnest(%s::pg_catalog.text[]) ON CONFLICT DO NOTHING"
    connection.execute(query, (sorted(names),))
    connection.execute(f"INSERT INTO {SCHEMA}.told VALUES (%s)", (to_text(told),))  # noqa: S608


def skipped(connection: Connection) -> frozenset[str]:
    """The names that `note_skipped` noted."""
    return frozenset(row[0] for row in connection.execute(f"SELECT name FROM {SCHEMA}.skipped"))  # noqa: S608


def told(connection: Connection) -> tuple[Skipped, ...]:
    """The lines for the user about the skipped steps."""
    rows = connection.execute(f"SELECT words FROM {SCHEMA}.told").fetchall()  # noqa: S608
    return tuple(each for row in rows for each in from_text(row[0]))


def clear(connection: Connection) -> None:
    """Drop all of the ledger except the restore's id, in the transaction that ends the restore."""
    connection.execute(_CLEAR)


def end(connection: Connection, word: str) -> None:
    """Enter the last word: the restore has ended."""
    connection.execute(f"INSERT INTO {SCHEMA}.ended VALUES (%s)", (word,))  # noqa: S608


def drop(connection: Connection) -> None:
    """Drop the ledger, without firing event triggers if the role may prevent that."""
    with connection.transaction():
        for name, value in QUIET:
            with suppress(InsufficientPrivilege, UndefinedObject), connection.transaction():
                connection.execute(f"SET LOCAL {name} = {value}".encode())
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def require_ours(connection: Connection, restoration: Restoration, database: Database) -> None:
    """Check that the ledger in the database, if there is one, is of this restore.

    Raises:
        RefusedError: if another restore was not ended here; says what to do.
    """
    found = find(connection)
    if found is not None and found != restoration:
        raise RefusedError(unfinished(database, found))


def unfinished(database: Database | str, found: Restoration) -> str:
    """The message about a database that has the ledger of a restore that was not ended."""
    return (
        f"{database} holds a part of the backup {found.backup}: the restore {found.id} was not ended. Drop the database"
        f" (DROP DATABASE), or whatever was restored and the schema {SCHEMA}, and restore again."
    )


def _one(connection: Connection, query: str, *arguments: str) -> bool:
    row = connection.execute(query, arguments).fetchone()
    return row is not None and bool(row[0])
