"""What roles are lent for a restore is given back to the letter."""

from collections.abc import Iterator

import pytest
from psycopg.errors import DivisionByZero

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import new_role, opened
from transforms.errors import RefusedError
from transforms.postgres.objects.lent_rights import lent_rights
from transforms.postgres.objects.step_runner import StepRunner
from transforms.postgres.server.session import Connection

_LISTS = """
    SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname LIKE 'lent%'
    UNION ALL SELECT 'database', datacl::text FROM pg_database WHERE datname = current_database() ORDER BY 1
"""
_DEFAULTS = """
    SELECT nspname, acldefault('n', nspowner)::text FROM pg_namespace
    UNION ALL SELECT 'database', acldefault('d', datdba)::text FROM pg_database WHERE datname = current_database()
"""
# By name: what was granted in the schema before.
GRANTED = {
    "lent_unlisted": "",
    "lent_nothing": "GRANT USAGE ON SCHEMA {schema} TO {other}",
    "lent_usage": "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "lent_create": "GRANT CREATE ON SCHEMA {schema} TO {role} WITH GRANT OPTION",
    "lent_granted_on": "GRANT USAGE ON SCHEMA {schema} TO {role} WITH GRANT OPTION; SET ROLE {role};"
    " GRANT USAGE ON SCHEMA {schema} TO {other} WITH GRANT OPTION; RESET ROLE; SET ROLE {other};"
    " GRANT USAGE ON SCHEMA {schema} TO {third}; RESET ROLE",
    "lent_by_another": "GRANT ALL ON SCHEMA {schema} TO {other} WITH GRANT OPTION; SET ROLE {other};"
    " GRANT USAGE ON SCHEMA {schema} TO {role}; RESET ROLE",
    "lent_to_all": "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
    "lent_of_its_own": "ALTER SCHEMA {schema} OWNER TO {role}; REVOKE ALL ON SCHEMA {schema} FROM {role}",
    "lent_all": "GRANT ALL ON SCHEMA {schema} TO {role}",
}


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as name:
        yield name


@pytest.fixture
def roles(postgres: PostgresServer, database: str) -> Iterator[dict[str, str]]:
    with (
        new_role(postgres, database) as role,
        new_role(postgres, database) as other,
        new_role(postgres, database) as third,
    ):
        yield {"role": role, "other": other, "third": third}


def lists(connection: Connection) -> list[tuple[str, str | None]]:
    return [(name, acl) for name, acl in connection.execute(_LISTS.encode()).fetchall()]


def may(connection: Connection, role: str, schema: str) -> bool:
    row = connection.execute(
        "SELECT has_schema_privilege(%s, %s, 'USAGE') AND has_schema_privilege(%s, %s, 'CREATE')",
        (role, schema, role, schema),
    ).fetchone()
    return row == (True,)


@pytest.mark.parametrize("by_owner", [False, True])
def test_every_list_of_privileges_is_then_what_it_was(
    postgres: PostgresServer, database: str, roles: dict[str, str], by_owner: bool
) -> None:
    with opened(postgres, database) as connection, connection.transaction(force_rollback=True):
        for schema, granted in GRANTED.items():
            connection.execute(f"CREATE SCHEMA {schema}; {granted.format(schema=schema, **roles)}".encode())
        if by_owner:  # of the database and the schemas, but no superuser
            connection.execute(f"ALTER DATABASE {database} OWNER TO {roles['third']}".encode())
            for schema in GRANTED:
                connection.execute(f"ALTER SCHEMA {schema} OWNER TO {roles['third']}".encode())
            connection.execute(f"SET LOCAL ROLE {roles['third']}".encode())
        else:
            connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {roles['other']}".encode())
        before = lists(connection)
        visitors = [(schema, roles["role"]) for schema in ["", "no_such_schema", *GRANTED]]
        with lent_rights(StepRunner(connection), visitors):
            assert [schema for schema in GRANTED if not may(connection, roles["role"], schema)] == []
            assert lists(connection) != before
        assert lists(connection) == [(name, acl or meant(connection, name)) for name, acl in before]


def meant(connection: Connection, name: str) -> str:
    """What a list that nobody had changed means, as the server writes it out."""
    rows = connection.execute(_DEFAULTS.encode()).fetchall()
    return next(str(acl) for of, acl in rows if of == name)


def test_who_has_the_rights_is_lent_none(postgres: PostgresServer, database: str, roles: dict[str, str]) -> None:
    with opened(postgres, database) as connection, connection.transaction(force_rollback=True):
        connection.execute(f"CREATE SCHEMA lent_already; GRANT {roles['other']} TO {roles['role']}".encode())
        connection.execute(f"ALTER SCHEMA lent_already OWNER TO {roles['other']}".encode())
        with lent_rights(StepRunner(connection), [("lent_already", roles["role"])]):
            assert dict(lists(connection))["lent_already"] is None


def test_what_cannot_be_given_back_ends_the_restore(
    postgres: PostgresServer, database: str, roles: dict[str, str]
) -> None:
    with opened(postgres, database) as connection, connection.transaction(force_rollback=True):
        connection.execute(b"CREATE SCHEMA lent_more")
        with (
            pytest.raises(RefusedError, match="lent_more: the privileges there could not be left as they were"),
            lent_rights(StepRunner(connection), [("lent_more", roles["role"])]),
        ):
            connection.execute(f"GRANT USAGE ON SCHEMA lent_more TO {roles['other']}".encode())


def test_nothing_stays_lent_when_the_transaction_breaks_off(
    postgres: PostgresServer, database: str, roles: dict[str, str]
) -> None:
    with opened(postgres, database) as connection:
        connection.execute(b"CREATE SCHEMA lent_broken")
        before = lists(connection)
        with (
            pytest.raises(DivisionByZero),
            connection.transaction(),
            lent_rights(StepRunner(connection), [("lent_broken", roles["role"]), ("", roles["role"])]),
        ):
            connection.execute(b"SELECT 1 / 0")
        assert lists(connection) == before
        connection.execute(b"DROP SCHEMA lent_broken")
