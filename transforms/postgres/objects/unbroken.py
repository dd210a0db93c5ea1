"""Checks that statements run in a transaction have not ended it."""

from collections.abc import Iterator
from contextlib import contextmanager

from transforms.errors import IntegrityError
from transforms.postgres.server.session import Connection

_ESCAPED = (
    "What was tried ended the transaction that it was tried in, so it may have stayed. Drop what was made, verify the"
    " backup, and ask who wrote it."
)


@contextmanager
def unbroken(connection: Connection) -> Iterator[None]:
    """Check that the session is in the same transaction before and after the block.

    Raises:
        IntegrityError: if it is in another one, or in none.
    """
    began = _transaction(connection)
    yield
    if _transaction(connection) != began:
        raise IntegrityError(_ESCAPED)


def _transaction(connection: Connection) -> object:
    """The id of the session's transaction; outside of one, a new id at each call."""
    return connection.execute("SELECT pg_catalog.txid_current()").fetchone()
