"""Stopping a command at a place of its work by locks of the server: without a sleep and without a hook in the code."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from tests.servers.postgres_server import PostgresServer

Session = psycopg.Connection[tuple[Any, ...]]

KEY = 4242
# A condition or a constraint that calls it waits, row by row, as long as somebody holds the lock.
GATE = f"""
    CREATE FUNCTION public.gate() RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared({KEY}); RETURN true; END';
"""
RELATION, ADVISORY = "relation", "advisory"
_WAITING = """
    SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = %s AND l.locktype = %s AND a.application_name LIKE %s
"""
_IS_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = %s)"
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name LIKE %s"


class Running(Protocol):
    """Something under way."""

    def done(self) -> bool:
        """Whether it has ended."""


@dataclass(frozen=True)
class Observer:
    """Looks at what sessions with a database wait for."""

    session: Session
    database: str

    def await_wait(self, command: Running, application: str, lock: str = RELATION) -> int:
        """The process of a session that waits for a lock, once there is one; the command must not end before."""
        while not command.done():
            row = self.session.execute(_WAITING, (self.database, lock, application)).fetchone()
            if row is not None:
                return int(row[0])
        raise AssertionError(f"{command} ended before {application} waited")

    def terminate(self, application: str) -> None:
        """End an application's only session."""
        ((pid,),) = self.session.execute(_SESSIONS, (self.database, application)).fetchall()
        self.terminate_process(pid)

    def terminate_process(self, pid: int) -> None:
        """End a session."""
        self.session.execute("SELECT pg_terminate_backend(%s)", (pid,))


@contextmanager
def observed(server: PostgresServer, database: str) -> Iterator[Observer]:
    """An observer, connected elsewhere: a session with the database itself would be in the way."""
    with psycopg.connect(server.url(), autocommit=True) as session:
        yield Observer(session, database)


@contextmanager
def held(server: PostgresServer, database: str, statements: str) -> Iterator[Session]:
    """Somebody else's transaction that has done `statements`; rolled back at the end unless the block commits it."""
    with psycopg.connect(server.url(database)) as session:
        session.execute(statements.encode())
        try:
            yield session
        finally:
            session.rollback()


@contextmanager
def shut(server: PostgresServer, database: str, key: int = KEY) -> Iterator[Session]:
    """The gate of a database, or another one, is shut until the transaction ends."""
    with held(server, database, f"SELECT pg_advisory_xact_lock({key})") as session:
        yield session


@contextmanager
def in_background(call: Callable[..., Any], *arguments: Any) -> Iterator["Future[Any]"]:  # noqa: ANN401 - those of the call
    """A call that runs beside the block, which must let it end."""
    with ThreadPoolExecutor(1, "background") as pool:
        yield pool.submit(call, *arguments)


@contextmanager
def queued(server: PostgresServer, database: str, statement: str) -> Iterator["Future[bool]"]:
    """A statement that waits for a lock when the block begins, and is cancelled at the end if it still does.

    Yields:
        Whether it was done, in the end.
    """
    with (
        psycopg.connect(server.url(database), autocommit=True) as session,
        in_background(_is_done, session, statement) as running,
    ):
        try:
            _await_lock(server, running, session.info.backend_pid)
            yield running
        finally:
            with suppress(psycopg.Error):
                session.cancel_safe()


def _is_done(session: Session, statement: str) -> bool:
    try:
        session.execute(statement.encode())
    except psycopg.errors.QueryCanceled:
        return False
    return True


def _await_lock(server: PostgresServer, running: Running, pid: int) -> None:
    with psycopg.connect(server.url(), autocommit=True) as observer:
        while observer.execute(_IS_WAITING, (pid,)).fetchone() != (True,):
            assert not running.done(), "the statement did not have to wait"


class Sampler:
    """Counts the sessions of a role, over and over, in a thread, while a block runs."""

    def __init__(self, server: PostgresServer, role: str) -> None:
        self._server, self._role = server, role
        self._done = threading.Event()
        self.most = 0

    def __enter__(self) -> "Sampler":
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        with psycopg.connect(self._server.url(), autocommit=True) as session:
            while not self._done.is_set():
                ((count,),) = session.execute(query, (self._role,)).fetchall()
                self.most = max(self.most, count)
