"""Fills materialized views after all rows are loaded."""

from collections.abc import Iterable

import psycopg
from psycopg import sql

from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects.failure import Failure
from transforms.postgres.objects.step import Step
from transforms.postgres.objects.step_runner import failure_of, is_fatal, refusal
from transforms.postgres.restore.search_path import Path, local
from transforms.postgres.server.session import Connection

_IS_POPULATED = "SELECT relispopulated FROM pg_catalog.pg_class WHERE oid = %s::pg_catalog.text::pg_catalog.regclass"


def refresh(connection: Connection, names: Iterable[Name], path: Path = ()) -> dict[Name, Failure]:
    """Fill materialized views, in the order given; those that are filled already are left as they are.

    Args:
        connection: To the target, as a role that owns the views, after all rows are loaded.
        names: The result of `list_populated` in the source.
        path: The search path for functions that they call.

    Returns:
        The failures, by the names of the views that cannot be filled.

    Raises:
        UnreachableError: for an error of the session or the server.
    """
    return {name: failure for name in names if (failure := _refresh(connection, name, path)) is not None}


def _refresh(connection: Connection, name: Name, path: Path) -> Failure | None:
    statement = sql.SQL("REFRESH MATERIALIZED VIEW {}").format(name.sql()).as_bytes(None)
    step = Step(f"refresh {name}", f"rows of MATERIALIZED VIEW {name}", statement)
    try:
        with connection.transaction():
            row = connection.execute(_IS_POPULATED, (str(name),)).fetchone()
            if row is not None and not row[0]:
                connection.execute(local(path))
                connection.execute(statement)
    except psycopg.Error as error:
        if is_fatal(error):
            raise refusal(step, error) from error
        return failure_of(step, error)
    return None
