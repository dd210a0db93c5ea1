"""Sessions that are used again: opening one costs the server a process, and a database may have thousands of tables."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.pq import TransactionStatus

from transforms.postgres.database import Database
from transforms.postgres.session import Connection, connect, end

_LOCK = threading.Lock()
_IDLE: dict[Database, list[Connection]] = {}


@contextmanager
def lent(database: Database, purpose: str, *, keep: bool = True) -> Iterator[Connection]:
    """A session, outside of any transaction, that goes back when the block ends; one that failed is closed instead.

    Args:
        database: What it is with.
        purpose: What it is opened for.
        keep: Whether it goes back. One that waits in this process counts, where others open sessions too.
    """
    connection = _taken(database) or connect(database, purpose=purpose)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    if keep:
        _give_back(database, connection)
    else:
        end(connection)


def close_idle(database: Database) -> None:
    """Close all sessions with a database that nobody uses."""
    with _LOCK:
        idle = _IDLE.pop(database, [])
    for connection in idle:
        end(connection)


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
