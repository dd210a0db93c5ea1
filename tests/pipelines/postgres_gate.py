"""Stopping a command at a place of its work by locks of the server, without a sleep and without a hook in the code."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from tests.servers.postgres_server import PostgresServer

# A condition or constraint that calls it waits, row by row, as long as somebody holds the lock.
KEY = 4242
GATE = f"""
    CREATE FUNCTION public.gate() RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared({KEY}); RETURN true; END';
"""
_WAITING = """
    SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = %s AND l.locktype = %s AND a.application_name LIKE %s
"""
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name LIKE %s"


class Running(Protocol):
    """A command under way."""

    def done(self) -> bool:
        """Whether it has ended."""


@dataclass(frozen=True)
class Observer:
    """Looks at what sessions with a database wait for."""

    session: "psycopg.Connection[tuple[Any, ...]]"
    database: str

    def await_wait(self, command: Running, application: str, lock: str = "relation") -> int:
        """The process of a session that waits for a lock, as soon as there is one; the command must not end before."""
        while not command.done():
            row = self.session.execute(_WAITING, (self.database, lock, application)).fetchone()
            if row is not None:
                return int(row[0])
        raise AssertionError(f"ended before it waited: {command}")

    def await_reader(self, command: Running, application: str = "shardkeep backup") -> int:
        """The process of a session that waits at the gate."""
        return self.await_wait(command, application, "advisory")

    def sessions(self, application: str) -> list[int]:
        """The processes of an application's sessions."""
        return [row[0] for row in self.session.execute(_SESSIONS, (self.database, application))]

    def terminate(self, application: str) -> None:
        """End an application's only session."""
        (pid,) = self.sessions(application)
        self.session.execute("SELECT pg_terminate_backend(%s)", (pid,))


@contextmanager
def observed(server: PostgresServer, database: str) -> Iterator[Observer]:
    """An observer, connected elsewhere: a session with the database itself would be in the way."""
    with psycopg.connect(server.url(), autocommit=True) as session:
        yield Observer(session, database)


class Hold:
    """A transaction of somebody else's, which has done some statements."""

    def __init__(self, session: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._session = session

    def commit(self) -> None:
        """End it well."""
        self._session.commit()

    def roll_back(self) -> None:
        """End it as if it had not been."""
        self._session.rollback()


@contextmanager
def held(server: PostgresServer, database: str, statements: str) -> Iterator[Hold]:
    """A transaction that has done `statements`; rolled back in the end if nobody ended it."""
    with psycopg.connect(server.url(database)) as session:
        session.execute(statements.encode())
        try:
            yield Hold(session)
        finally:
            session.rollback()


@contextmanager
def shut(server: PostgresServer, database: str) -> Iterator[Hold]:
    """The gate of a database is shut until the hold ends."""
    with held(server, database, f"SELECT pg_advisory_xact_lock({KEY})") as hold:
        yield hold


@contextmanager
def in_background(call: Callable[..., Any], *arguments: Any) -> Iterator["Future[Any]"]:  # noqa: ANN401 - whatever it takes
    """A call that runs beside the block; the block must let it end."""
    with ThreadPoolExecutor(1, "command") as pool:
        yield pool.submit(call, *arguments)


@contextmanager
def queued(server: PostgresServer, database: str, statement: str) -> Iterator["Future[bool]"]:
    """A statement that waits for a lock when the block begins.

    Yields:
        Whether it was done in the end: false if it was cancelled. A statement that still waits at the end is.
    """
    with psycopg.connect(server.url(database), autocommit=True) as session, in_background(_done, session, statement) as run:
        pid = session.info.backend_pid
        try:
            with psycopg.connect(server.url(), autocommit=True) as observer:
                query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"
                while not run.done() and observer.execute(query, (pid,)).fetchone() == (0,):
                    continue
            assert not run.done(), f"{statement} did not wait"
            yield run
        finally:
            with suppress(psycopg.Error):
                server.sql(f"SELECT pg_cancel_backend({pid})")


def _done(session: "psycopg.Connection[Any]", statement: str) -> bool:
    try:
        session.execute(statement.encode())
    except psycopg.errors.QueryCanceled:
        return False
    return True


class Sampler:
    """Counts the sessions of a role, over and over, in a thread."""

    def __init__(self, server: PostgresServer, role: str) -> None:
        self._query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        self._server, self._role = server, role
        self._done = threading.Event()
        self.most = 0
        self.looks = 0

    def __enter__(self) -> "Sampler":
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        with psycopg.connect(self._server.url(), autocommit=True) as session:
            while not self._done.is_set():
                row = session.execute(self._query, (self._role,)).fetchone()
                self.most = max(self.most, row[0] if row else 0)
                self.looks += 1
