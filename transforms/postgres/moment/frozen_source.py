"""Frozen sources: a standby whose replay is paused, or a clone that nobody writes to.

Sessions on any number of machines read the same rows from such a source without a shared snapshot. That it was
frozen is checked: when the job begins, before and after each range, and when everything has been read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.moment.moment import BEGIN, FROZEN, Moment, Stillness, begin_facts, roll_back
from transforms.postgres.moment.snapshot import ListTables
from transforms.postgres.names.identifiers import Name, name_list
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import APPLICATION, Connection, connect, end, major_of

# Their counters change if tables are created or altered, and with large objects.
CATALOGS = (Name("pg_catalog", "pg_class"), Name("pg_catalog", "pg_largeobject"))
ADVICE = "Pause the replay of a standby (SELECT pg_wal_replay_pause()), or read a clone that nobody uses."

_REPLAY = b"""
SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.pg_last_wal_replay_lsn()::text AS lsn,
       (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()) AS timeline
"""
_PAUSED = b"SELECT pg_catalog.pg_get_wal_replay_pause_state() = 'paused'"
_PAUSED_13 = b"SELECT pg_catalog.pg_is_wal_replay_paused()"
# Otherwise both would stay as at the transaction's first query.
_LOOK_AGAIN = b"SELECT pg_catalog.pg_stat_clear_snapshot()"
# A role without pg_read_all_stats sees no backend_type of others; the server's own processes have no user.
_OTHERS = b"""
SELECT DISTINCT pid::text || CASE WHEN application_name <> '' THEN ' (' || application_name || ')' ELSE '' END
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND usesysid <> 0 AND pid <> pg_catalog.pg_backend_pid()
  AND coalesce(application_name, '') NOT LIKE %s || ' %%'
  AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'parallel worker', 'walsender')
UNION ALL
SELECT 'prepared transaction ' || gid FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
ORDER BY 1
"""
_MARKS = b"""
SELECT n.nspname, c.relname, pg_catalog.concat_ws('/', c.oid, pg_catalog.pg_relation_filenode(c.oid),
       pg_catalog.pg_stat_get_tuples_inserted(c.oid), pg_catalog.pg_stat_get_tuples_updated(c.oid),
       pg_catalog.pg_stat_get_tuples_deleted(c.oid))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) w(nspname, relname)
  ON w.nspname = n.nspname AND w.relname = c.relname
"""


@dataclass(frozen=True, slots=True)
class PausedStandby:
    """A standby whose replay is paused at a position of a timeline."""

    lsn: str
    timeline: int

    def check(self, connection: Connection, names: Sequence[Name] | None) -> None:
        """Compare the replay's position with the recorded one, for all tables.

        Raises:
            IntegrityError: if the replay continues or has continued, or the standby was promoted.
        """
        now = _replay(connection)
        if not now["standby"]:
            raise IntegrityError(f"The standby was promoted while it was read: it is no frozen source. {ADVICE}")
        if not now["paused"] or (now["lsn"], now["timeline"]) != (self.lsn, self.timeline):
            raise IntegrityError(
                f"The standby's replay went on while it was read: from {self.lsn} on timeline {self.timeline} to"
                f" {now['lsn']} on timeline {now['timeline']}. Pause it and start the backup again."
            )


@dataclass(frozen=True, slots=True)
class QuietClone:
    """A server that accepts writes, without any other session: the marks of the tables that are read, by name.

    A mark is the table's oid, its file's node, and the server's counters of rows inserted, updated and deleted.
    """

    marks: dict[Name, str]

    def check(self, connection: Connection, names: Sequence[Name] | None) -> None:
        """Look for other sessions, and compare the tables' marks with the recorded ones.

        Raises:
            IntegrityError: if there is another session, or a table was written to.
        """
        with translated("Checking that nobody uses the clone"):
            connection.execute(_LOOK_AGAIN)
        if others := _others(connection):
            raise IntegrityError(f"Somebody uses the clone while it is read: {others}. {ADVICE}")
        compared = self.marks if names is None else {name: self.marks.get(name, "") for name in (*names, *CATALOGS)}
        now = _marks(connection, list(compared))
        changed = sorted(name for name, mark in compared.items() if now.get(name) != mark)
        if changed:
            raise IntegrityError(f"Written to while the clone was read: {name_list(changed)}. {ADVICE}")


@contextmanager
def frozen(database: Database, list_tables: ListTables) -> Iterator[Moment]:
    """The moment of a frozen source, recorded when the block begins.

    Args:
        database: A standby with its replay paused, or a clone without other sessions.
        list_tables: The tables that will be read.

    Raises:
        RefusedError: if it is not frozen, with how to freeze it.
        UnreachableError: if the server cannot be reached.
    """
    connection = connect(database, purpose="frozen source")
    try:
        with translated(f"{database}: looking at the source"):
            connection.execute(BEGIN)
            moment = Moment(FROZEN, begin_facts(connection), stillness=_stillness(connection, list_tables))
            roll_back(connection)
    finally:
        end(connection)
    yield moment


def _stillness(connection: Connection, list_tables: ListTables) -> Stillness:
    replay = _replay(connection)
    if replay["standby"]:
        if not replay["paused"]:
            raise RefusedError(f"The standby replays its primary's log: it does not stand still. {ADVICE}")
        return PausedStandby(replay["lsn"], replay["timeline"])
    if others := _others(connection):
        raise RefusedError(f"The database is in use, by {others}: it is no frozen source. {ADVICE}")
    if connection.execute("SHOW track_counts").fetchone() != ("on",):
        raise RefusedError("The server counts no writes: set track_counts = on, or pause a standby's replay.")
    return QuietClone(_marks(connection, [*list_tables(connection), *CATALOGS]))


def _replay(connection: Connection) -> dict[str, Any]:
    with translated("Asking how far the replay is"), connection.cursor(row_factory=dict_row) as cursor:
        state = cursor.execute(_REPLAY).fetchone() or {}
    if not state["standby"]:
        return {**state, "paused": False}
    return {**state, "paused": _is_paused(connection)}


def _is_paused(connection: Connection) -> bool:
    query = _PAUSED if major_of(connection) >= 14 else _PAUSED_13
    with translated("Asking whether the replay is paused"):
        return connection.execute(query).fetchone() == (True,)


def _others(connection: Connection) -> str:
    with translated("Asking who is there"):
        rows = connection.execute(_OTHERS, [APPLICATION]).fetchall()
    return name_list(row[0] for row in rows) if rows else ""


def _marks(connection: Connection, names: Sequence[Name]) -> dict[Name, str]:
    parameters = [name.schema for name in names], [name.name for name in names]
    with translated("Asking what was written"):
        rows = connection.execute(_MARKS, parameters).fetchall()
    return {Name(schema, table): mark for schema, table, mark in rows}
