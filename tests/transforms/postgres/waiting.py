"""Sessions that wait for locks: tests look at the server's list of locks instead of sleeping."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.servers.postgres_server import PostgresServer

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"


@contextmanager
def waiting(server: PostgresServer, database: str, statement: str) -> Iterator[int]:
    """A session whose statement waits for a lock when the block begins, and that has ended after it.

    Yields:
        The process of it. The block must let go of what it waits for, or end that process.
    """
    with psycopg.connect(server.url(database), autocommit=True) as session:
        thread = threading.Thread(target=_run, args=(session, statement))
        thread.start()
        try:
            await_lock(server, session.info.backend_pid)
            yield session.info.backend_pid
        finally:
            server.sql(f"SELECT pg_cancel_backend({session.info.backend_pid})")
            thread.join()


def await_lock(server: PostgresServer, pid: int) -> None:
    """Return when a process waits for a lock."""
    with psycopg.connect(server.url(), autocommit=True) as observer:
        while observer.execute(WAITING, [pid]).fetchone() == (0,):
            continue


def await_no_lock(server: PostgresServer, pid: int) -> None:
    """Return when a process waits for no lock any more: a signal to it takes its time."""
    with psycopg.connect(server.url(), autocommit=True) as observer:
        while observer.execute(WAITING, [pid]).fetchone() != (0,):
            continue


def _run(session: "psycopg.Connection[tuple[object, ...]]", statement: str) -> None:
    try:
        session.execute(statement.encode())
    except psycopg.errors.QueryCanceled:
        return
