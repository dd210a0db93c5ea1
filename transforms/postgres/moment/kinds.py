"""The three kinds of moments, by the manifest's word for the consistency."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from transforms.postgres.moment.frozen_source import frozen
from transforms.postgres.moment.moment import FROZEN, FUZZY, SNAPSHOT, Moment, begin_fuzzy
from transforms.postgres.moment.snapshot import ListTables, hold
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import connect, end


def moment_of(consistency: str, database: Database, list_tables: ListTables) -> AbstractContextManager[Moment]:
    """The moment of a backup of the given consistency, held while the block runs.

    Raises:
        KeyError: for a word other than `snapshot`, `frozen-source` and `fuzzy`.
        RefusedError, UnreachableError, NotFoundError: see `hold` and `frozen`.
    """
    return {SNAPSHOT: hold, FROZEN: frozen, FUZZY: _fuzzy}[consistency](database, list_tables)


@contextmanager
def _fuzzy(database: Database, list_tables: ListTables) -> Iterator[Moment]:
    connection = connect(database, purpose="begin")
    try:
        moment = begin_fuzzy(connection)
    finally:
        end(connection)
    yield moment
