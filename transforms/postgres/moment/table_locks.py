"""Locks that keep tables from being dropped, rewritten or emptied while they are read."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from transforms.errors import RefusedError
from transforms.postgres.names.identifiers import Name, name_list
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

BATCH = 500
# Only ACCESS EXCLUSIVE conflicts with ACCESS SHARE. A session that waits for it counts too: the queue is in order.
_IN_THE_WAY = b"""
SELECT DISTINCT n.nspname, c.relname, l.pid, l.granted
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) w(nspname, relname)
  ON w.nspname = n.nspname AND w.relname = c.relname
WHERE l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.mode = 'AccessExclusiveLock'
ORDER BY 1, 2, 3
"""


def lock(connection: Connection, names: Sequence[Name], *, wait: bool) -> None:
    """Lock tables in ACCESS SHARE mode, each without its partitions, until the transaction ends.

    LOCK takes no snapshot, so it comes before the first query of a transaction that must see all of a table.

    Args:
        connection: In a transaction; it is rolled back if a table is locked by others.
        names: The tables.
        wait: Whether to wait, as long as the session's `lock_timeout` allows.

    Raises:
        RefusedError: with the tables that other sessions have locked or want to lock, and their processes.
        UnreachableError: if there is no right to read a table.
        NotFoundError: if a table does not exist.
    """
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        try:
            with translated(f"Locking {name_list(batch, 3)}"):
                connection.execute(_statement(batch, wait))
        except RefusedError as error:
            if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                raise _locked(connection, batch) from error
            raise


def _statement(names: Sequence[Name], wait: bool) -> sql.Composed:
    tables = sql.SQL(", ").join(sql.SQL("ONLY ") + name.sql() for name in names)
    return sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE{}").format(tables, sql.SQL("" if wait else " NOWAIT"))


def _locked(connection: Connection, names: Sequence[Name]) -> RefusedError:
    connection.execute("ROLLBACK")
    schemas, tables = [name.schema for name in names], [name.name for name in names]
    rows = connection.execute(_IN_THE_WAY, (schemas, tables)).fetchall()
    found = [f"{Name(schema, table)} ({_has(granted)} by process {pid})" for schema, table, pid, granted in rows]
    what = "; ".join(found[:10]) or f"one of {name_list(names, 10)}, a moment ago"
    return RefusedError(
        f"A table is being changed or is locked: {what}. Run again when that has ended;"
        " pg_stat_activity shows what the process does."
    )


def _has(granted: bool) -> str:
    return "locked" if granted else "a lock is awaited"
