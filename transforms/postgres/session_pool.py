"""Sessions that are used again: opening one costs the server a process, and a database may have thousands of tables."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.pq import TransactionStatus

from transforms.postgres.database import Database
from transforms.postgres.session import Connection, connect

_LOCK = threading.Lock()
_IDLE: dict[Database, list[Connection]] = {}


@contextmanager
def lent(database: Database, purpose: str) -> Iterator[Connection]:
    """A session, outside of any transaction, that goes back when the block ends; one that failed is closed instead."""
    connection = _taken(database) or connect(database, purpose=purpose)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    _give_back(database, connection)


def close_idle(database: Database) -> None:
    """Close all sessions with a database that nobody uses."""
    with _LOCK:
        idle = _IDLE.pop(database, [])
    for connection in idle:
        connection.close()


def _taken(database: Database) -> Connection | None:
    with _LOCK:
        idle = _IDLE.get(database)
        return idle.pop() if idle else None


def _give_back(database: Database, connection: Connection) -> None:
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        connection.close()
        return
    with _LOCK:
        _IDLE.setdefault(database, []).append(connection)
