"""The ledger of one restore, in the target itself: what is done stands in it from the same moment.

It is a schema of its own, made with the first objects and dropped with the last. A target that holds it was not
restored to its end.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from transforms.errors import RefusedError
from transforms.postgres.database import Database
from transforms.postgres.identifiers import literal
from transforms.postgres.session import Connection

SCHEMA = "shardkeep_restore"
# A number that no other program locks: the first 63 bits of the SHA-256 of the schema's name.
LOCK = int.from_bytes(hashlib.sha256(SCHEMA.encode()).digest()[:8], "big") >> 1
_CREATE = f"""
    CREATE SCHEMA {SCHEMA};
    CREATE TABLE {SCHEMA}.restore (id text NOT NULL, backup text NOT NULL, began timestamptz NOT NULL DEFAULT now());
    CREATE TABLE {SCHEMA}.step (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.piece (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.skipped (name text PRIMARY KEY);
    CREATE TABLE {SCHEMA}.told (place int PRIMARY KEY, words text NOT NULL);
"""
_IS_THERE = f"SELECT pg_catalog.to_regclass('{SCHEMA}.restore') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One restore: its own id, and of which backup it is."""

    id: str
    backup: str


def find(connection: Connection) -> Restoration | None:
    """The restore whose ledger the database holds, or None."""
    if not _one(connection, _IS_THERE):
        return None
    row = connection.execute(f"SELECT id, backup FROM {SCHEMA}.restore").fetchone()  # noqa: S608
    return Restoration(*row) if row else None


def create(connection: Connection, restoration: Restoration) -> None:
    """Make the ledger of a restore."""
    connection.execute(_CREATE)
    connection.execute(
        f"INSERT INTO {SCHEMA}.restore (id, backup) VALUES (%s, %s)",  # noqa: S608
        (restoration.id, restoration.backup),
    )


def lock(connection: Connection) -> None:
    """Wait until no other process changes the objects of a restore here; ends with the transaction."""
    connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (LOCK,))


def claim_step(connection: Connection, name: str) -> bool:
    """Enter a step in the ledger; false if it stands there: then it has been done.

    It stands there for others when the transaction ends well. Who claims the same meanwhile waits for that.
    """
    query = f"INSERT INTO {SCHEMA}.step VALUES (%s) ON CONFLICT DO NOTHING"  # noqa: S608
    return connection.execute(query, (name,)).rowcount == 1


def begin_piece(connection: Connection, name: str) -> bool:
    """Begin a transaction and enter a piece in the ledger; false, and no transaction, if it has been written."""
    query = f"BEGIN; INSERT INTO {SCHEMA}.piece VALUES ({literal(name).text}) ON CONFLICT DO NOTHING"  # noqa: S608
    cursor = connection.execute(query.encode("utf-8", "surrogateescape"))
    cursor.nextset()
    if cursor.rowcount == 1:
        return True
    connection.execute("ROLLBACK")
    return False


def note_skipped(connection: Connection, names: Iterable[str], told: Iterable[str]) -> None:
    """Note the steps that are not done in this restore, and what people are told of them."""
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {SCHEMA}.skipped VALUES (%s)", [(name,) for name in sorted(names)])  # noqa: S608
        cursor.executemany(f"INSERT INTO {SCHEMA}.told VALUES (%s, %s)", list(enumerate(told)))  # noqa: S608


def skipped(connection: Connection) -> frozenset[str]:
    """The names that `note_skipped` noted."""
    return frozenset(row[0] for row in connection.execute(f"SELECT name FROM {SCHEMA}.skipped"))  # noqa: S608


def told(connection: Connection) -> tuple[str, ...]:
    """What people are told of them."""
    return tuple(row[0] for row in connection.execute(f"SELECT words FROM {SCHEMA}.told ORDER BY place"))  # noqa: S608


def drop(connection: Connection) -> None:
    """Drop the ledger: the restore is whole."""
    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def require_ours(connection: Connection, restoration: Restoration, database: Database) -> None:
    """Check that the ledger in the database, if there is one, is of this restore.

    Raises:
        RefusedError: with the way out, if another restore was not ended here.
    """
    found = find(connection)
    if found is not None and found != restoration:
        raise RefusedError(unfinished(database, found))


def unfinished(database: Database, found: Restoration) -> str:
    """What to say of a database that holds a ledger."""
    return (
        f"{database} holds a part of the backup {found.backup}: the restore {found.id} was not ended. Drop the database"
        f" (DROP DATABASE), or whatever was restored and the schema {SCHEMA}, and restore again."
    )


def _one(connection: Connection, query: str, *arguments: str) -> bool:
    row = connection.execute(query, arguments).fetchone()
    return row is not None and bool(row[0])
