"""The moment of a backup: what every reading session does first and last, so that all see the same rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from transforms.errors import UnreachableError
from transforms.postgres.moment.table_locks import lock
from transforms.postgres.names.identifiers import Name, literal
from transforms.postgres.server import facts as server_facts
from transforms.postgres.server.errors import LOST, meaning, said, translated
from transforms.postgres.server.session import Connection

SNAPSHOT = "snapshot"
FROZEN = "frozen-source"
FUZZY = "fuzzy"

LOCK_SECONDS = 10.0
"""Seconds that a reader waits for a lock: a session that waits to change a table blocks all others."""
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# The transactions that a snapshot sees, as `xmin:xmax:running`; by the function's old name, for PostgreSQL 12.
SEEN = "SELECT pg_catalog.txid_current_snapshot()::text"


class Stillness(Protocol):
    """How to check that a source has not changed since the moment."""

    def check(self, connection: Connection, names: Sequence[Name] | None) -> None:
        """Compare the source, and the tables `names` (None: all of them), with the recorded state.

        Raises:
            IntegrityError: if anything has changed.
        """


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment of a backup, as far as its consistency promises one; may be pickled.

    Attributes:
        consistency: `snapshot`, `frozen-source` or `fuzzy`.
        facts: The server and its position when the moment began, for the manifest.
        snapshot: The exported snapshot's id, or None.
        seen: The transactions that it sees, as the server writes them.
        stillness: For `frozen-source`: the state that must not have changed.
    """

    consistency: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    snapshot: str | None = None
    seen: str = ""
    stillness: Stillness | None = None

    @contextmanager
    def entered(self, connection: Connection, names: Sequence[Name]) -> Iterator[None]:
        """`enter`, the block, `leave`; a block that fails is rolled back."""
        self.enter(connection, names)
        try:
            yield
        except BaseException:
            roll_back(connection)
            raise
        self.leave(connection, names)

    def enter(self, connection: Connection, names: Sequence[Name]) -> None:
        """Begin a transaction that sees the moment, and lock the tables that it will read.

        Raises:
            UnreachableError: if the snapshot is gone with the session that held it, or may not be imported.
            RefusedError: if another session changes a table or waits to change it.
            NotFoundError: if a table is gone.
            IntegrityError: if a frozen source has changed.
        """
        # The sizes of tables, indexes and sequences need locks too, which cannot be taken without waiting.
        begin = f"{BEGIN}; SET LOCAL lock_timeout = {max(1, round(LOCK_SECONDS * 1000))}"
        try:
            if self.snapshot is not None:
                self._import(connection, begin, self.snapshot)
            else:
                with translated("Beginning to read"):
                    connection.execute(begin.encode())
            lock(connection, names, wait=False)
            if self.stillness is not None:
                self.stillness.check(connection, names)
        except BaseException:
            roll_back(connection)
            raise

    def leave(self, connection: Connection, names: Sequence[Name]) -> None:
        """End the transaction, and check that what it read was of the moment.

        Raises:
            IntegrityError: if a frozen source has changed meanwhile.
        """
        try:
            if self.stillness is not None:
                self.stillness.check(connection, names)
        finally:
            roll_back(connection)

    def conclude(self, connection: Connection) -> dict[str, Any]:
        """Check that the moment still holds after everything was read; returns its facts, a JSON object.

        Raises:
            UnreachableError: if the snapshot's holder was lost.
            IntegrityError: if a frozen source has changed.
        """
        self.enter(connection, ())
        try:
            if self.stillness is not None:
                self.stillness.check(connection, None)
            end = server_facts.position(connection)
        finally:
            roll_back(connection)
        return {**self.facts, "snapshot": self.snapshot, "end": end}

    def _import(self, connection: Connection, begin: str, snapshot: str) -> None:
        """Begin and import the snapshot in one message: it is sent many times for a database with many tables."""
        statements = f"{begin}; SET TRANSACTION SNAPSHOT {literal(snapshot).text}; {SEEN}"
        try:
            seen = _last_value(connection.execute(statements.encode()))
        except psycopg.Error as error:
            if meaning(error.sqlstate) == LOST:
                raise UnreachableError(f"Importing the snapshot: {said(error)} {LOST[1]}") from error
            raise UnreachableError(_gone(snapshot, said(error))) from error
        # After a crash the server's counter starts again: another session may export the same id.
        if seen != self.seen:
            raise UnreachableError(_gone(snapshot, "another snapshot has its name now."))


def _last_value(cursor: "psycopg.Cursor[tuple[Any, ...]]") -> object:
    """The value that the last of several statements returned."""
    while cursor.nextset():
        continue
    row = cursor.fetchone()
    return row[0] if row else None


def begin_fuzzy(connection: Connection) -> Moment:
    """No common moment: every range sees its own; only on request."""
    return Moment(FUZZY, begin_facts(connection))


def begin_facts(connection: Connection) -> dict[str, Any]:
    """Facts for the manifest about the source and the beginning."""
    return {**server_facts.server_facts(connection), "begin": server_facts.position(connection)}


def roll_back(connection: Connection) -> None:
    """End a transaction that only read; a lost session has ended it already."""
    with suppress(psycopg.Error):
        connection.execute("ROLLBACK")


def _gone(snapshot: str, words: str) -> str:
    return (
        f"The snapshot {snapshot} cannot be imported: {words} The session that held it is gone, or this is another"
        " server or database: a restart, a failover, a timeout, or a pooler in between. Start the backup again."
    )
