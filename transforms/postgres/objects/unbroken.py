"""The proof that what was run in a transaction has not ended it."""

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
    """Prove that the transaction that the session is in when the block ends is that of its beginning.

    Raises:
        IntegrityError: if it is another one, or none.
    """
    began = _transaction(connection)
    yield
    if _transaction(connection) != began:
        raise IntegrityError(_ESCAPED)


def _transaction(connection: Connection) -> object:
    """The server's number of the transaction that the session is in; outside of one, of a new one each time."""
    return connection.execute("SELECT pg_catalog.txid_current()").fetchone()
