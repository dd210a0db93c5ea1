"""The ledger of one restore, in the target itself: what is done stands in it from the same moment.

It is a schema of its own, made with the first objects. With the last ones all of it goes but the restore's last word,
how it ended: an engine may call any step again, also when all is done, and must hear the same. When the job is over the
command drops it, or, where no command waits for the job, the next restore into the database.
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

# A number that no other program locks: the first 63 bits of the SHA-256 of the schema's name.
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
# The former is of PostgreSQL 17; the latter leaves out triggers that are enabled as usual.
QUIET = (("event_triggers", "off"), ("session_replication_role", "replica"))
_IS_OPEN = f"""
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = '{SCHEMA}' AND c.relname = 'step')
"""  # noqa: S608
_IS_THERE = f"SELECT pg_catalog.to_regclass('{SCHEMA}.restore') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One restore: its own id, and of which backup it is."""

    id: str
    backup: str


def find(connection: Connection) -> Restoration | None:
    """The restore that has begun in the database and has not ended, or None."""
    if not _one(connection, _IS_THERE):
        return None
    query = f"SELECT id, backup FROM {SCHEMA}.restore WHERE NOT EXISTS (SELECT FROM {SCHEMA}.ended)"  # noqa: S608
    row = connection.execute(query).fetchone()
    return Restoration(*row) if row else None


def is_open(connection: Connection) -> bool:
    """Whether somebody's restore has not ended here; the ledger itself is its owner's to read."""
    return _one(connection, _IS_OPEN)


def last_word(connection: Connection, restore: str) -> str | None:
    """What `end` was given by the restore with this id; None if it has not ended here."""
    if not _one(connection, _IS_THERE):
        return None
    query = f"SELECT word FROM {SCHEMA}.restore, {SCHEMA}.ended WHERE id = %s"  # noqa: S608
    row = connection.execute(query, (restore,)).fetchone()
    return str(row[0]) if row else None


def create(connection: Connection, restoration: Restoration) -> None:
    """Make the ledger of a restore; what one that ended has left goes."""
    if _one(connection, _IS_THERE) and find(connection) is None:
        drop(connection)
    connection.execute(_CREATE)
    connection.execute(
        f"INSERT INTO {SCHEMA}.restore (id, backup) VALUES (%s, %s)",  # noqa: S608
        (restoration.id, restoration.backup),
    )


def lock(connection: Connection) -> Restoration | None:
    """Wait until no other process changes the objects of a restore here; ends with the transaction.

    Returns:
        The restore that has begun and has not ended, as it is now: who was waited for may have begun or ended one.
    """
    connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))
    return find(connection)


def claim_steps(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Enter steps in the ledger; returns those that were not in it: the others have been done.

    They are in it for others when the transaction ends well. Who claims the same meanwhile waits for that: in one order
    everywhere, or two that claim the same steps might wait for each other.
    """
    query = (
        f"INSERT INTO {SCHEMA}.step SELECT pg_catalog.unnest(%s::pg_catalog.text[])"
        " ON CONFLICT DO NOTHING RETURNING name"
    )
    return frozenset(row[0] for row in connection.execute(query, (sorted(names),)))


def done_steps(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """The steps that are in the ledger, of those with these names."""
    query = f"SELECT name FROM {SCHEMA}.step WHERE name = ANY(%s)"  # noqa: S608
    return frozenset(row[0] for row in connection.execute(query, (list(names),)))


def begin_pieces(connection: Connection, names: Iterable[str], restore: str) -> frozenset[str]:
    """Begin a transaction and enter pieces in the ledger; returns those that have not been written.

    Args:
        connection: Of its own.
        names: The pieces.
        restore: The restore's id: when that has ended, all of its pieces have been written.
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
    """Note the steps that are not done in this restore, and what people are told of them."""
    query = f"INSERT INTO {SCHEMA}.skipped SELECT pg_catalog.unnest(%s::pg_catalog.text[]) ON CONFLICT DO NOTHING"
    connection.execute(query, (sorted(names),))
    connection.execute(f"INSERT INTO {SCHEMA}.told VALUES (%s)", (to_text(told),))  # noqa: S608


def skipped(connection: Connection) -> frozenset[str]:
    """The names that `note_skipped` noted."""
    return frozenset(row[0] for row in connection.execute(f"SELECT name FROM {SCHEMA}.skipped"))  # noqa: S608


def told(connection: Connection) -> tuple[Skipped, ...]:
    """What people are told of them."""
    rows = connection.execute(f"SELECT words FROM {SCHEMA}.told").fetchall()  # noqa: S608
    return tuple(each for row in rows for each in from_text(row[0]))


def clear(connection: Connection) -> None:
    """Leave nothing of the ledger but whose it is, in the transaction that ends the restore."""
    connection.execute(_CLEAR)


def end(connection: Connection, word: str) -> None:
    """Enter the last word: the restore is whole."""
    connection.execute(f"INSERT INTO {SCHEMA}.ended VALUES (%s)", (word,))  # noqa: S608


def drop(connection: Connection) -> None:
    """Drop whatever there is of the ledger, unseen by event triggers where the role may have it so."""
    with connection.transaction():
        for name, value in QUIET:
            with suppress(InsufficientPrivilege, UndefinedObject), connection.transaction():
                connection.execute(f"SET LOCAL {name} = {value}".encode())
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def require_ours(connection: Connection, restoration: Restoration, database: Database) -> None:
    """Check that the ledger in the database, if there is one, is of this restore.

    Raises:
        RefusedError: with the way out, if another restore was not ended here.
    """
    found = find(connection)
    if found is not None and found != restoration:
        raise RefusedError(unfinished(database, found))


def unfinished(database: Database | str, found: Restoration) -> str:
    """What to say of a database that holds a ledger."""
    return (
        f"{database} holds a part of the backup {found.backup}: the restore {found.id} was not ended. Drop the database"
        f" (DROP DATABASE), or whatever was restored and the schema {SCHEMA}, and restore again."
    )


def _one(connection: Connection, query: str, *arguments: str) -> bool:
    row = connection.execute(query, arguments).fetchone()
    return row is not None and bool(row[0])
