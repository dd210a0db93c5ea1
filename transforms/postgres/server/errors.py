"""Translates the server's and libpq's errors into Shardkeep's.

The codes are those of Appendix A, "PostgreSQL Error Codes", of PostgreSQL's manual.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from transforms.errors import IntegrityError, NotFoundError, RefusedError, ShardkeepError, UnreachableError, UsageError

Meaning = tuple[type[ShardkeepError], str]

LOST: Meaning = (UnreachableError, "Check the server, the network and the server's log, then run again.")
LOCKED: Meaning = (RefusedError, "It is locked or is being changed: run again when that has ended.")
ABSENT: Meaning = (NotFoundError, "Check the names, and whether it was dropped meanwhile.")
WORDS: Meaning = (UsageError, "Correct the expression; names follow SQL's rules for upper case and quotes.")
FULL: Meaning = (
    UnreachableError,
    "Lower --max_connections or --writers and the number of workers, or raise the server's limit.",
)
# The server's words (src/backend: utils/init/postinit.c, storage/lmgr/proc.c) and, last, PgBouncer's. A server that
# uses another language has other words, which are not known here.
_FULL = ("too many clients", "too many connections", "connection slots", "no more connections allowed")

_CODES: dict[str, Meaning] = {
    "25006": (RefusedError, "The server or the session takes no writes: name the primary server."),
    "3D000": (NotFoundError, "Check the name, or create the database first."),
    "3F000": ABSENT,
    "40001": (RefusedError, "Run again; on a standby, pause the replay or raise max_standby_streaming_delay."),
    "40P01": LOCKED,
    "42501": (UnreachableError, "Grant the missing right to the user that is logged in, or log in as another."),
    "42P01": ABSENT,
    "42704": ABSENT,
    "53100": (UnreachableError, "The server's disk is full: make room there, then run again."),
    "53200": (UnreachableError, "Give the server more memory, or raise max_locks_per_transaction if it names that."),
    "53300": FULL,
    "55006": LOCKED,
    "55P03": LOCKED,
    "57014": (RefusedError, "The query was cancelled by the server or by somebody: run again."),
}
_CLASSES: dict[str, Meaning] = {
    "08": LOST,
    "22": (RefusedError, "The server does not take this value."),
    "23": (RefusedError, "The rows break a constraint of the target."),
    "28": (UnreachableError, "Check the user, the password and the server's pg_hba.conf."),
    "42": WORDS,
    "53": (UnreachableError, "The server is short of resources: look at its log, then run again."),
    "57": LOST,
    "58": (UnreachableError, "The server failed: look at its log."),
    "F0": (UnreachableError, "The server's configuration is broken: look at its log."),
    "XX": (UnreachableError, "The server failed: look at its log."),
}
_DAMAGED = frozenset({"XX001", "XX002"})
_OTHERS: Meaning = (RefusedError, "The server does not take this in the state it is in.")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise the server's and libpq's errors in the block as Shardkeep's.

    Args:
        doing: The beginning of the message: what was tried, on which object.

    Raises:
        UnreachableError: for a lost or refused connection, a missing right, and a server that is out of resources.
        NotFoundError: for a database, schema or table that does not exist.
        RefusedError: for locks, cancelled queries, conflicts, and values that the server does not accept.
        UsageError: for an expression that does not parse, or names something that does not exist.
        IntegrityError: for damage that the server found in its own files.
    """
    try:
        yield
    except psycopg.Error as error:
        if is_ours(error):
            raise
        raise translation(error, doing) from error


def is_ours(error: psycopg.Error) -> bool:
    """Whether the error is not the server's but a wrong use of the driver, so a fault of this program."""
    return error.sqlstate is None and not isinstance(error, psycopg.OperationalError)


def translation(error: psycopg.Error, doing: str) -> ShardkeepError:
    """Shardkeep's error for a psycopg error."""
    kind, advice = meaning(error.sqlstate)
    return kind(f"{doing}: {said(error)} {advice}")


def meaning(sqlstate: str | None) -> Meaning:
    """Class and advice for a code; without a code, no server answered."""
    if sqlstate is None:
        return LOST
    if sqlstate in _DAMAGED:
        return (IntegrityError, "The server found damage in its own files: look at its log, restore it.")
    return _CODES.get(sqlstate) or _CLASSES.get(sqlstate[:2], _OTHERS)


def is_full(words: str) -> bool:
    """Whether a session was refused because the server, the database or the role has reached its limit of sessions."""
    return any(known in words for known in _FULL)


def said(error: psycopg.Error) -> str:
    """The server's message and detail on one line, without the query."""
    words = (error.diag.message_primary, error.diag.message_detail)
    return " ".join(_sentence(word) for word in words if word) or _sentence(str(error))


def _sentence(words: str) -> str:
    text = " ".join(words.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."
