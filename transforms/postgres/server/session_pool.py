"""A pool of sessions: opening one costs the server a process, and a database may have thousands of tables."""

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
"""Seconds to wait for a server that has no session left: other workers' sessions come and go."""

PAUSES = (1.0, 15.0)
"""Shortest and longest pause, in seconds; pauses are random, so that refused workers do not return together."""

Wait = Callable[[float], None]
"""Waits for a number of seconds."""

_LOG = logging.getLogger("shardkeep")
_IDLE = ProcessRegistry[Database, list[Connection]]()


@contextmanager
def lent(
    database: Database, purpose: str, *, keep: bool = True, wait: Wait | None = time.sleep
) -> Iterator[Connection]:
    """Lend a session, outside of any transaction, while the block runs; one that failed is closed afterwards.

    A session that the server has ended meanwhile is not lent again.

    Args:
        database: The database.
        purpose: Its purpose, as in `pg_stat_activity`.
        keep: Whether it is kept for reuse. A kept session counts for the limit if other processes open sessions too.
        wait: Waits before a server that has no session left is asked again: a few such failures, each
            soon over, would otherwise end a job of many workers. None to raise the error at once.

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
    """Close all idle sessions with a database."""
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
    """Pauses with a sum of `PATIENCE`."""
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
    """Whether an idle session is still open, as far as this machine knows: the server is not asked.

    A server that ends a session says so, and TCP's keepalives notice one that disappears: in both cases
    there is something to read or an error. An idle session is sent nothing else, except news of a setting
    that was changed in the server's configuration: such a session is not lent either.
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
