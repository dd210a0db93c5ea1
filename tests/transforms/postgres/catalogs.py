"""Tables of a real server, loaded from its catalog as production code loads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened
from transforms.postgres.catalog.catalog import Catalog, load
from transforms.postgres.catalog.read_order import ReadOrder
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.names.selection import Selection
from transforms.postgres.server.session import Connection, major_of

_NUMBERS = count(1)


@contextmanager
def module_database(server: PostgresServer) -> Iterator[str]:
    """An empty database for many tests: to make one for each takes longer than the tests do."""
    name = f"catalog_{next(_NUMBERS)}"
    server.sql(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def undone(server: PostgresServer, database: str) -> Iterator[Connection]:
    """A session in a transaction that is rolled back at exit."""
    with opened(server, database) as connection, connection.transaction(force_rollback=True):
        yield connection


def loaded(connection: Connection, selection: Selection | None = None, order: str = "auto") -> Catalog:
    """What is selected, as of one moment that is promised though the test may not need it."""
    return load(connection, selection or Selection(), ReadOrder(order, major_of(connection), is_frozen=True))


def relations(connection: Connection, selection: Selection | None = None, order: str = "auto") -> dict[str, Relation]:
    """The tables by their printed names."""
    return {str(relation.name): relation for relation in loaded(connection, selection, order).relations}


def relation(connection: Connection, name: str, order: str = "auto") -> Relation:
    """One table of them."""
    return relations(connection, order=order)[name]


def made(connection: Connection, *statements: str) -> None:
    """Run statements."""
    for statement in statements:
        connection.execute(statement.encode())


# Types of all kinds that people make, and domains over some of them.
TYPE_OBJECTS = """
    CREATE SCHEMA "My Types";
    CREATE TYPE "My Types".mood AS ENUM ('sad', 'ok');
    CREATE TYPE "My Types"."P air" AS (a int, b text);
    CREATE DOMAIN "My Types".digits AS numeric(7,3);
    CREATE DOMAIN "My Types".fewer AS "My Types".digits CHECK (VALUE < 10);
    CREATE DOMAIN "My Types".moods AS "My Types".mood;
    CREATE DOMAIN "My Types".list AS int[];
"""
