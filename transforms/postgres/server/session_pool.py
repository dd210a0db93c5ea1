"""Sessions that are used again: opening one costs the server a process, and a database may have thousands of tables."""

import logging
import random
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

from transforms.errors import UnreachableError
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import is_full, said
from transforms.postgres.server.session import Connection, connect, end
from transforms.process_registry import ProcessRegistry

PATIENCE = 120.0
"""Seconds of pauses before a server that has no session left is given up: those of other workers come and go."""

PAUSES = (1.0, 15.0)
"""Seconds of a pause, at least and at most; at random, so that workers that were refused do not come back at once."""

Wait = Callable[[float], None]
"""Lets so many seconds pass."""

_LOG = logging.getLogger("shardkeep")
_IDLE = ProcessRegistry[Database, list[Connection]]()


@contextmanager
def lent(
    database: Database, purpose: str, *, keep: bool = True, wait: Wait | None = time.sleep
) -> Iterator[Connection]:
    """A session, outside of any transaction, that goes back when the block ends; one that failed is closed instead.

    One that the server has ended meanwhile is not lent again.

    Args:
        database: What it is with.
        purpose: What it is opened for.
        keep: Whether it goes back. One that waits in this process counts, where others open sessions too.
        wait: Takes the pauses after which a server that has no session left is asked again: a few such failures, each
            of them soon over, would else end a job of many workers. None where a person should be told at once.

    Raises:
        UnreachableError, NotFoundError, UsageError: see `connect`.
    """
    connection = _awaited(database, purpose, wait) if wait else _now(database, purpose)
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
    with _IDLE.held() as by_database:
        idle = by_database.pop(database, [])
    for connection in idle:
        end(connection)


def _awaited(database: Database, purpose: str, wait: Wait) -> Connection:
    for number, pause in enumerate(_pauses()):
        try:
            return _now(database, purpose)
        except UnreachableError as error:
            if not _is_refusal_of_a_full_server(error):
                raise
            _LOG.log(logging.DEBUG if number else logging.WARNING, "%s Asking again for %d s.", error, PATIENCE)
        wait(pause)
    return _now(database, purpose)


def _pauses() -> Iterator[float]:
    """Pauses that come to `PATIENCE`."""
    left = PATIENCE
    while left > 0:
        pause = min(left, random.uniform(*PAUSES))  # noqa: S311 (no secret is made of it)
        yield pause
        left -= pause


def _is_refusal_of_a_full_server(error: UnreachableError) -> bool:
    return isinstance(error.__cause__, psycopg.OperationalError) and is_full(said(error.__cause__))


def _now(database: Database, purpose: str) -> Connection:
    return _taken(database) or connect(database, purpose=purpose)


def _taken(database: Database) -> Connection | None:
    while connection := _popped(database):
        if _is_alive(connection):
            return connection
        connection.close()
    return None


def _popped(database: Database) -> Connection | None:
    with _IDLE.held() as by_database:
        idle = by_database.get(database)
        return idle.pop() if idle else None


def _is_alive(connection: Connection) -> bool:
    """Whether the server still keeps an idle session, as far as this machine knows: no way to the server is taken.

    A server that ends a session says so, and the keepalives of TCP notice when it is gone without a word: in both cases
    there is something to read or an error. A session that nobody uses is sent nothing else, but for news of a setting
    that the server's configuration has changed: that one is not lent either.
    """
    if connection.closed:
        return False
    wire = select.poll()
    wire.register(connection.pgconn.socket, select.POLLIN)
    return not wire.poll(0)


def _give_back(database: Database, connection: Connection) -> None:
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        connection.close()
        return
    with _IDLE.held() as by_database:
        by_database.setdefault(database, []).append(connection)
