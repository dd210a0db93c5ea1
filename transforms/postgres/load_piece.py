"""Loading one piece, once: its rows and its line in the ledger are there together or not at all."""

from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from transforms.errors import RefusedError
from transforms.postgres import large_object_load, ledger
from transforms.postgres.copy_encoder import encode_binary, encode_text
from transforms.postgres.errors import is_ours, meaning, said
from transforms.postgres.load_plan import BINARY, LoadPlan
from transforms.postgres.search_path import Path, local
from transforms.postgres.session import Connection

# A row that the target does not take: the data or a constraint of it, of which only those before the rows are there.
OF_ROWS = frozenset({"22", "23"})


@dataclass(frozen=True, slots=True)
class Loading:
    """How the pieces of a restore are loaded: its id, and the search path for functions that rows need."""

    restore: str
    path: Path = ()


def load_piece(connection: Connection, loading: Loading, plan: LoadPlan, name: str, records: bytes) -> bool:
    """Load the rows of the piece called `name`; returns false if that has been done.

    Raises:
        RefusedError: if the target does not take a row; the message has the server's words and where.
        IntegrityError: if the records are not canonical.
    """
    encode = encode_binary if plan.route == BINARY else encode_text
    data = encode(plan.program, records)  # before the transaction: it takes no connection's time
    try:
        if not ledger.begin_piece(connection, name, loading.restore):
            return False
        if loading.path:
            connection.execute(local(loading.path))
        with connection.cursor().copy(plan.statement) as copy:
            copy.write(data)
        connection.execute("COMMIT")
    except psycopg.Error as error:
        raise _refusal(error, plan, name) from error
    finally:
        _roll_back(connection)
    return True


def load_large_objects(connection: Connection, loading: Loading, name: str, records: bytes) -> bool:
    """The same for pages of large objects."""
    try:
        if not ledger.begin_piece(connection, name, loading.restore):
            return False
        large_object_load.load(connection, records)
        connection.execute("COMMIT")
    finally:
        _roll_back(connection)
    return True


def _roll_back(connection: Connection) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("ROLLBACK")


def _refusal(error: psycopg.Error, plan: LoadPlan, name: str) -> Exception:
    if is_ours(error):
        return error
    kind, advice = meaning(error.sqlstate)
    where = f"table {plan.into}, piece {name}, by {plan.route} COPY"
    context = " ".join((error.diag.context or "").split())
    if error.sqlstate is not None and error.sqlstate[:2] not in OF_ROWS and error.sqlstate[:2] in ("42", "P0"):
        kind = RefusedError  # a constraint calls a function that does not find what it names
        advice = (
            "A CHECK, a type's check or a generated column calls a function, which must name things with their schema;"
            " --search_path says in which schemas it may look."
        )
    return kind(f"{where}: {said(error)}{f' {context}.' if context else ''} {advice}")
