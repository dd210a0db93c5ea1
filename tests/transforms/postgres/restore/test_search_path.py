"""The search path of a restore."""

import pytest

from tests.transforms.postgres.catalogs import made
from transforms.errors import UsageError
from transforms.postgres.inventory.database_properties import DatabaseProperties, read_properties
from transforms.postgres.restore.search_path import local, parse_search_path, proposal
from transforms.postgres.server.session import Connection

UNDEFINED = ["42883"]


@pytest.mark.parametrize(
    ("items", "path"), [(("lib", "Public"), ("lib", "public")), (('"My ""S"""',), ('My "S"',)), ((), ())]
)
def test_schemas_are_written_as_in_sql(items: tuple[str, ...], path: tuple[str, ...]) -> None:
    assert parse_search_path(items) == path


@pytest.mark.parametrize("item", ["a.b", "a;", "*", ""])
def test_what_is_no_schema_is_refused(item: str) -> None:
    with pytest.raises(UsageError, match="--search_path="):
        parse_search_path([item])


def test_a_path_is_set_until_the_transaction_ends(scratch: Connection) -> None:
    made(scratch, 'CREATE SCHEMA "My ""S"""')
    with scratch.transaction(force_rollback=True):
        scratch.execute(local(('My "S"', "public")))
        assert scratch.execute("SELECT current_schemas(false)").fetchone() == (['My "S"', "public"],)
    assert scratch.execute("SELECT current_schemas(false)").fetchone() == ([],)


def properties(connection: Connection, *settings: str) -> DatabaseProperties:
    for setting in settings:
        made(connection, f'ALTER DATABASE "{connection.info.dbname}" SET {setting}')
    return read_properties(connection)


def test_the_path_of_the_database_that_was_backed_up_is_proposed(scratch: Connection) -> None:
    usual = properties(scratch)
    assert "--search_path='public' is the usual path" in proposal(usual, (), UNDEFINED)
    own = properties(scratch, 'search_path = lib, "My S"')
    assert "--search_path='lib, \"My S\"' is the setting of the database" in proposal(own, ("public",), UNDEFINED)
    assert proposal(own, ("lib", "My S"), UNDEFINED) == ""
    assert proposal(own, (), ["23505", ""]) == ""
