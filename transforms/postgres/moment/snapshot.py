"""The snapshot that all sessions of a backup share, and the session that holds it while the job runs.

The holder locks all tables before its transaction takes its snapshot, since a table that is truncated or rewritten
after the snapshot looks empty in it. A second listing shows tables that were created, dropped or renamed meanwhile.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from transforms.errors import NotFoundError, RefusedError
from transforms.postgres.moment.moment import BEGIN, SEEN, SNAPSHOT, Moment, begin_facts, roll_back
from transforms.postgres.moment.table_locks import lock
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import said, translated
from transforms.postgres.server.session import Connection, connect, end

ListTables = Callable[[Connection], Sequence[Name]]

ATTEMPTS = 5
BEAT = 30.0
LOCK_SECONDS = 60.0
SECONDS_TO_END = 5.0
_LOG = logging.getLogger("shardkeep")


@contextmanager
def hold(
    database: Database, list_tables: ListTables, *, beat: float = BEAT, lock_seconds: float = LOCK_SECONDS
) -> Iterator[Moment]:
    """Hold a snapshot in which all tables of `list_tables` can be read completely, while the block runs.

    Args:
        database: The database to read.
        list_tables: The tables to read; called before the snapshot and in it, each time in a separate transaction.
        beat: Seconds between queries that keep the idle session alive.
        lock_seconds: Seconds to wait for tables that other sessions have locked.

    Raises:
        RefusedError: if a table is being changed, or tables are created and dropped faster than they can be locked.
        UnreachableError: if the server cannot be reached or a table may not be read.
    """
    with Holder(database, list_tables, beat=beat, lock_seconds=lock_seconds) as holder:
        yield holder.moment


class Holder:
    """The session that holds a snapshot, from `__enter__` to `__exit__`.

    `Moment.conclude` proves that it held to the end, by importing the snapshot once more.
    """

    moment: Moment

    def __init__(self, database: Database, list_tables: ListTables, *, beat: float, lock_seconds: float) -> None:
        self._database = database
        self._list_tables = list_tables
        self._beat = beat
        self._lock_seconds = lock_seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="postgres-snapshot", daemon=True)

    def __enter__(self) -> "Holder":
        self._connection = connect(self._database, purpose="snapshot")
        try:
            self.moment = self._begun()
            self._thread.start()
        except BaseException:
            end(self._connection)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        try:
            self._thread.join(SECONDS_TO_END)
        finally:
            end(self._connection)  # which ends the transaction

    def _keep(self) -> None:
        while not self._done.wait(self._beat):
            try:
                self._connection.execute("SELECT 1")
            except psycopg.Error as error:
                if not self._done.is_set():
                    _LOG.error("%s: the session that holds the snapshot was lost: %s", self._database, said(error))
                return

    def _begun(self) -> Moment:
        with translated(f"{self._database}: preparing the snapshot"):
            self._connection.execute(f"SET lock_timeout = {max(1, round(self._lock_seconds * 1000))}")
        for _ in range(ATTEMPTS):
            moment = self._attempt(self._listed())
            if moment is not None:
                return moment
        raise RefusedError(
            f"{self._database}: tables were made, dropped or renamed in each of {ATTEMPTS} attempts to lock them all."
            " Run again when that has ended, or exclude their schema."
        )

    def _listed(self) -> list[Name]:
        with self._connection.transaction():
            return sorted(self._list_tables(self._connection))

    def _attempt(self, names: list[Name]) -> Moment | None:
        """The moment, in a transaction that continues; None, without a transaction, if the tables have changed."""
        connection = self._connection
        try:
            with translated(f"{self._database}: taking the snapshot"):
                connection.execute(BEGIN)
                with suppress(NotFoundError):
                    lock(connection, names, wait=True)
                    moment = self._exported()
                    if sorted(self._list_tables(connection)) == names:
                        return moment
        except BaseException:
            roll_back(connection)
            raise
        roll_back(connection)
        return None

    def _exported(self) -> Moment:
        snapshot, seen = (self._one(query) for query in ("SELECT pg_catalog.pg_export_snapshot()", SEEN))
        return Moment(SNAPSHOT, begin_facts(self._connection), snapshot, seen)

    def _one(self, query: str) -> str:
        row = self._connection.execute(query.encode()).fetchone()
        return str(row[0]) if row else ""
