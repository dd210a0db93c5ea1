"""Creates the database to restore into, like the one that was backed up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from psycopg import sql
from psycopg.errors import DuplicateDatabase

from transforms.errors import NotFoundError, RefusedError
from transforms.postgres.inventory.database_properties import (
    DatabaseProperties,
    create_statement,
    owner_statement,
    privilege_statements,
    setting_statements,
)
from transforms.postgres.names.identifiers import identifier
from transforms.postgres.objects.owners import OWNER, PRIVILEGES, Owning
from transforms.postgres.objects.step import Step
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection, connect

# Databases that every new cluster has: one of them is used to create the other one.
MAINTENANCE = ("postgres", "template1")
PURPOSE = "restore"


@contextmanager
def created(database: Database, properties: DatabaseProperties) -> Iterator[None]:
    """Create a database before the block; it is dropped if the block raises.

    Raises:
        RefusedError: if it exists, or the server cannot create one like it.
        UnreachableError: if the user may not create databases.
    """
    with _maintenance(database) as connection:
        statement = create_statement(properties, database.name, connection.info.server_version)
        with translated(f"{database}: creating the database"):
            try:
                connection.execute(statement.as_bytes(connection))
            except DuplicateDatabase as error:
                raise _exists(database) from error
    try:
        yield
    except BaseException:
        drop(database)
        raise


def drop(database: Database) -> None:
    """Drop a database that nothing was restored into."""
    with _maintenance(database) as connection, translated(f"{database}: dropping the database"):
        statement = sql.SQL("DROP DATABASE IF EXISTS {}").format(identifier(database.name))
        connection.execute(statement.as_bytes(connection))


def require_missing(database: Database) -> None:
    """Check that there is no such database yet.

    Raises:
        RefusedError: if it exists.
    """
    try:
        connect(database, purpose=PURPOSE).close()
    except NotFoundError:
        return
    raise _exists(database)


def _exists(database: Database) -> RefusedError:
    return RefusedError(f"{database} exists. Leave --create_database out, or drop it first.")


def _maintenance(database: Database) -> Connection:
    for name in MAINTENANCE[:-1]:
        try:
            return connect(replace(database, name=name), purpose=PURPOSE)
        except NotFoundError:
            continue
    return connect(replace(database, name=MAINTENANCE[-1]), purpose=PURPOSE)


def steps(database: Database, properties: DatabaseProperties, owning: Owning) -> list[Step]:
    """The steps that give a new database the source's settings and, if they are restored, owner and privileges."""
    title = f"database {database.name}"
    settings = setting_statements(properties, database.name)
    found = [_step(f"database {place}", f"setting of {title}", [each]) for place, each in enumerate(settings)]
    if owning.owners:
        found.append(_step("database owner", f"{OWNER}{title}", [owner_statement(properties, database.name)]))
    if owning.acls:
        statements = privilege_statements(properties, database.name)
        found += [_step("database acl", f"{PRIVILEGES}{title}", statements)] if statements else []
    return found


def _step(name: str, title: str, statements: Sequence[sql.Composable]) -> Step:
    return Step(name, title, b";\n".join(statement.as_bytes(None) for statement in statements))
