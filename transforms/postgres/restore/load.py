"""Loads pieces, each once: its rows and its line in the ledger are written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from transforms.errors import RefusedError
from transforms.postgres.codec.copy_encoder import encode_binary, encode_text
from transforms.postgres.large_objects import load as large_object_load
from transforms.postgres.objects import ledger
from transforms.postgres.restore.load_plan import BINARY, LoadPlan
from transforms.postgres.restore.search_path import Path, local
from transforms.postgres.server.errors import is_ours, meaning, said
from transforms.postgres.server.session import Connection


@dataclass(frozen=True, slots=True)
class Loading:
    """The restore's id, and the search path for functions that rows call."""

    restore: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class PieceRows:
    """A piece: its name, how it is loaded (None for pages of large objects), and its records."""

    name: str
    plan: LoadPlan | None
    records: bytes

    @property
    def copied(self) -> bytes:
        """The data for COPY; raises `IntegrityError` if the records are not canonical."""
        if self.plan is None:
            return b""
        encode = encode_binary if self.plan.route == BINARY else encode_text
        return encode(self.plan.program, self.records)

    def __str__(self) -> str:
        """The piece, for messages."""
        if self.plan is None:
            return f"large objects, piece {self.name}"
        return f"table {self.plan.into}, piece {self.name}, by {self.plan.route} COPY"


def load_pieces(connection: Connection, loading: Loading, pieces: Sequence[PieceRows]) -> frozenset[str]:
    """Load the rows of pieces that have not been loaded, in one transaction with their lines in the ledger.

    Returns:
        The names of the pieces that were loaded now.

    Raises:
        RefusedError: if the target does not take a row; with the server's message and the place of the row.
        IntegrityError: if the records are not canonical.
    """
    data = [piece.copied for piece in pieces]  # before the transaction, which stays short
    piece = pieces[0]
    try:
        left = ledger.begin_pieces(connection, [each.name for each in pieces], loading.restore)
        if left and loading.path:
            connection.execute(local(loading.path))
        for piece, copied in zip(pieces, data, strict=True):
            if piece.name in left:
                _load(connection, piece, copied)
        connection.execute("COMMIT")
    except psycopg.Error as error:
        raise _refusal(error, piece) from error
    finally:
        _roll_back(connection)
    return left


def _load(connection: Connection, piece: PieceRows, copied: bytes) -> None:
    if piece.plan is None:
        large_object_load.load(connection, piece.records)
        return
    with connection.cursor().copy(piece.plan.statement) as copy:
        copy.write(copied)


def _roll_back(connection: Connection) -> None:
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("ROLLBACK")


def _refusal(error: psycopg.Error, piece: PieceRows) -> Exception:
    if is_ours(error):
        return error
    kind, advice = meaning(error.sqlstate)
    context = " ".join((error.diag.context or "").split())
    if error.sqlstate is not None and error.sqlstate[:2] in ("42", "P0"):
        kind = RefusedError  # a constraint calls a function that does not find what it names
        advice = (
            "A CHECK, a type's check or a generated column calls a function, which must name things with their schema;"
            " --search_path says in which schemas it may look."
        )
    return kind(f"{piece}: {said(error)}{f' {context}.' if context else ''} {advice}")
