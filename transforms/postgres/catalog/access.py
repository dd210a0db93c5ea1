"""Checks, before anything is read, that the tables may be read completely: a partial backup would look whole."""

from collections.abc import Sequence

from transforms.errors import UnreachableError
from transforms.postgres.catalog.queries import ACCESS
from transforms.postgres.catalog.table import CatalogTable
from transforms.postgres.names.identifiers import Name, name_list, quoted
from transforms.postgres.server.session import Connection


def check_access(
    connection: Connection, tables: Sequence[CatalogTable], described: Sequence[CatalogTable] = ()
) -> None:
    """Check the rights on all tables at once.

    Args:
        connection: A session.
        tables: The tables whose rows are read.
        described: The tables that pg_dump locks: it needs the same rights on them, but their policies do not matter.

    Raises:
        UnreachableError: with each table that may not be read, or whose rows a policy would filter.
    """
    every, read = (
        sorted({table.name: table for table in (*described, *tables)}.items()),
        {table.oid for table in tables},
    )
    rows = connection.execute(ACCESS, [[table.oid for _, table in every]])
    answers = {oid: answer for oid, *answer in rows.fetchall()}
    closed, unreadable, filtered = list[Name](), list[Name](), list[Name]()
    for name, table in every:
        may_enter, may_read, is_filtered = answers.get(table.oid, (True, True, False))
        closed += [name] * (not may_enter)
        unreadable += [name] * (not may_read)
        filtered += [name] * (may_enter and may_read and is_filtered and table.oid in read)
    if closed or unreadable or filtered:
        raise UnreachableError(_message(_user(connection), closed, unreadable, filtered))


def _user(connection: Connection) -> str:
    row = connection.execute("SELECT CURRENT_USER::text").fetchone()
    return quoted(row[0]) if row else ""


def _message(user: str, closed: Sequence[Name], unreadable: Sequence[Name], filtered: Sequence[Name]) -> str:
    told = [f"{user} may not read everything, and a backup of a part would look whole."]
    if closed:
        schemas = sorted({quoted(name.schema) for name in closed})
        told.append(f"No USAGE on the schema of: {name_list(closed)}. GRANT USAGE ON SCHEMA {', '.join(schemas)}.")
    if unreadable:
        told.append(f"No SELECT on: {name_list(unreadable)}. GRANT SELECT ON them TO {user}.")
    if filtered:
        told.append(f"Row-level security would filter: {name_list(filtered)}. ALTER ROLE {user} BYPASSRLS.")
    if closed or unreadable:  # leaving them out would not do: the archive's pg_dump locks every table of the database
        told.append(f"GRANT pg_read_all_data TO {user} (14 or later) opens all tables.")
    if filtered:
        those = "those with such policies" if closed or unreadable else "them"
        told.append(f"Or leave {those} out: --exclude_table=...")
    return " ".join(told)
