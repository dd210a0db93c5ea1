"""Sessions and roles for tests with a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from tests.servers.postgres_server import SUPERUSER, PostgresServer
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection, connect

_NUMBERS = count(1)


def database_of(server: PostgresServer, name: str, user: str = SUPERUSER) -> Database:
    return Database(server.host, server.port, user, name)


def opened(server: PostgresServer, name: str, user: str = SUPERUSER) -> Connection:
    """A session as production code opens it; a `with` statement closes it."""
    return connect(database_of(server, name, user), purpose="test")


@contextmanager
def new_role(server: PostgresServer, database: str, words: str = "LOGIN") -> Iterator[str]:
    """A role that may log in, dropped at exit with all that it owns or may do in one database."""
    name = f"role_{database}_{next(_NUMBERS)}"
    server.sql(f"CREATE ROLE {name} {words}")
    try:
        yield name
    finally:
        server.sql(f"REASSIGN OWNED BY {name} TO {SUPERUSER}; DROP OWNED BY {name} CASCADE; DROP ROLE {name}", database)
