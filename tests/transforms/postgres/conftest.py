"""Sessions whose work is undone: to make a database for each test takes longer than most tests do."""

from collections.abc import Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database, undone
from transforms.postgres.server.session import Connection


@pytest.fixture(scope="module")
def scratch_database(postgres: PostgresServer) -> Iterator[str]:
    """An empty database of each server in turn."""
    with module_database(postgres) as name:
        yield name


@pytest.fixture(scope="module")
def scratch_database15(postgres15: PostgresServer) -> Iterator[str]:
    """An empty database of a server with ICU and extensions."""
    with module_database(postgres15) as name:
        yield name


@pytest.fixture
def scratch(postgres: PostgresServer, scratch_database: str) -> Iterator[Connection]:
    """A session in an empty database of each server in turn; what it does is undone behind the test."""
    with undone(postgres, scratch_database) as session:
        yield session


@pytest.fixture
def scratch15(postgres15: PostgresServer, scratch_database15: str) -> Iterator[Connection]:
    """A session in an empty database of a server with ICU and extensions, undone behind the test."""
    with undone(postgres15, scratch_database15) as session:
        yield session
