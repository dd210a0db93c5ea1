"""Conditions on rows from options: each one expression, which cannot change the rest of its statement."""

import psycopg
from psycopg import sql

from transforms.errors import ShardkeepError, UsageError
from transforms.postgres.catalog import plan_path
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.names.identifiers import Bytes
from transforms.postgres.server.errors import said, translation
from transforms.postgres.server.session import Connection

# Syntax errors, unknown names, wrong types (class 42), and values that cannot be (class 22).
_FAULTS_OF_WORDS = ("22", "42")
_NO_RIGHT = "42501"


def enclosed(where: str) -> sql.Composable:
    """A checked condition in a statement; the end of the line ends a comment in it."""
    return Bytes(f"({where}\n)")


def check_predicate(connection: Connection, relation: Relation) -> None:
    """Check that a table's condition is one expression of type boolean.

    It is tried between parentheses and between brackets: text that closes one kind early, to continue after it,
    does not parse between the other. The extended protocol accepts no second statement.

    Raises:
        UsageError: with the server's message if it is not.
        UnreachableError: if the user has no right to evaluate it.
    """
    if not relation.where:
        return
    probe = sql.SQL("SELECT ARRAY[{}\n] FROM ONLY {} WHERE {} LIMIT 0").format(
        Bytes(relation.where), relation.name.sql(), enclosed(relation.where)
    )
    try:
        with connection.transaction(force_rollback=True):
            plan_path.enter(connection, relation)
            connection.execute(probe.as_bytes(None), binary=True)  # binary: by the extended protocol
    except psycopg.Error as error:
        raise _refusal(error, f"--where={relation.name}:{relation.where}") from error


def _refusal(error: psycopg.Error, doing: str) -> ShardkeepError:
    state = error.sqlstate or ""
    if state[:2] not in _FAULTS_OF_WORDS or state == _NO_RIGHT:
        return translation(error, doing)
    advice = "Write a condition on the table's columns; names of functions and types need their schema."
    return UsageError(f"{doing}: {said(error)} {advice}")
