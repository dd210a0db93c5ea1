from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.servers.postgres_server import SUPERUSER, PostgresServer
from tests.transforms.postgres.sessions import new_role, opened
from transforms.postgres.inventory.roles import Membership, Role, list_memberships, list_roles

MakeRole = Callable[..., str]


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    return new_database(postgres)


@pytest.fixture
def make_role(postgres: PostgresServer, database: str) -> Iterator[MakeRole]:
    with ExitStack() as stack:
        yield lambda words="LOGIN": stack.enter_context(new_role(postgres, database, words))


def uses(server: PostgresServer, database: str) -> dict[str, tuple[str, ...]]:
    with opened(server, database) as session:
        return {role.name: role.uses for role in list_roles(session)}


def test_an_empty_database_needs_its_owner_alone(postgres: PostgresServer, database: str) -> None:
    public = {} if postgres.binaries.major < 15 else {"pg_database_owner": ("owner",)}
    assert uses(postgres, database) == {SUPERUSER: ("owner",), **public}


# A statement, and what the role in it is needed for then.
NAMING = (
    ("ALTER TABLE t OWNER TO {}", "owner"),
    ("CREATE SCHEMA s AUTHORIZATION {}", "owner"),
    ("CREATE TYPE e AS ENUM ('a'); ALTER TYPE e OWNER TO {}", "owner"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f OWNER TO {}", "owner"),
    ("ALTER LARGE OBJECT 42 OWNER TO {}", "owner"),
    ("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple); ALTER TEXT SEARCH DICTIONARY d OWNER TO {}", "owner"),
    ("GRANT SELECT ON LARGE OBJECT 43 TO {}", "privileges"),
    ("GRANT SELECT (a) ON u TO {}", "privileges"),
    ("GRANT SELECT ON u TO {}", "privileges"),
    ("GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO {}", "privileges"),
    ("GRANT USAGE ON SCHEMA public TO {}", "privileges"),
    ("GRANT USAGE ON LANGUAGE plpgsql TO {}", "privileges"),
    ("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO PUBLIC", "default privileges"),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", "default privileges"),
    ("CREATE POLICY p ON t TO {} USING (true)", "policy"),
    ("CREATE USER MAPPING FOR {} SERVER remote", "user mapping"),
)
OBJECTS = """
    CREATE TABLE t (a int); CREATE TABLE u (a int); SELECT lo_create(42), lo_create(43);
    CREATE FOREIGN DATA WRAPPER w; CREATE SERVER remote FOREIGN DATA WRAPPER w;
"""


def test_a_role_is_needed_wherever_an_object_names_it(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    roles = [make_role() for _ in NAMING]
    statements = [statement.format(role) for role, (statement, _) in zip(roles, NAMING, strict=True)]
    postgres.sql(OBJECTS + ";\n".join(statements), database)
    found = uses(postgres, database)
    assert [found.get(role) for role in roles] == [(use,) for _, use in NAMING]


def test_a_role_is_needed_where_the_database_itself_names_it(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    owner, guest, tuned = make_role(), make_role(), make_role()
    postgres.sql(f"ALTER DATABASE {database} OWNER TO {owner}; GRANT TEMP ON DATABASE {database} TO {guest}")
    postgres.sql(f"ALTER ROLE {tuned} IN DATABASE {database} SET work_mem = '5MB'")
    found = uses(postgres, database)
    assert found[owner] == ("owner", "privileges")
    assert found[guest] == ("privileges",)
    assert found[tuned] == ("setting",)


def test_what_happens_in_another_database_needs_no_role_here(
    postgres: PostgresServer, database: str, make_role: MakeRole, new_database: Callable[..., str]
) -> None:
    other = new_database(postgres)
    role = make_role()
    postgres.sql(f"CREATE SCHEMA s AUTHORIZATION {role}", other)
    assert role not in uses(postgres, database)
    postgres.sql("DROP SCHEMA s", other)


def test_owners_of_extensions_and_of_temporary_tables_are_not_needed(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    role = make_role("SUPERUSER LOGIN")
    with opened(postgres, database, role) as session:
        session.execute("DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql; CREATE TEMP TABLE t (a int)")
        assert role not in uses(postgres, database)


def test_what_a_role_may_is_kept_without_any_password(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    role = make_role("CREATEDB NOINHERIT PASSWORD 'geheim'")
    postgres.sql(f"CREATE SCHEMA s AUTHORIZATION {role}", database)
    with opened(postgres, database) as session:
        found = [each for each in list_roles(session) if each.name == role]
    assert found == [Role(role, ("owner",), ("CREATEDB",))]
    assert "geheim" not in str([each.to_json() for each in found])


def test_memberships_are_those_among_the_needed_roles(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    group, member, other = make_role(), make_role(), make_role()
    postgres.sql(f"GRANT {group} TO {member} WITH ADMIN OPTION; GRANT {group} TO {other}")
    with opened(postgres, database) as session:
        assert list_memberships(session, [Role(group, ()), Role(member, ())]) == (Membership(group, member, True),)


def test_a_role_without_any_right_sees_the_same_roles(
    postgres: PostgresServer, database: str, make_role: MakeRole
) -> None:
    owner, reader = make_role(), make_role()
    postgres.sql(f"CREATE SCHEMA s AUTHORIZATION {owner}; CREATE TABLE s.t (a int)", database)
    with opened(postgres, database) as all_seeing, opened(postgres, database, reader) as session:
        assert list_roles(session) == list_roles(all_seeing)


def test_a_role_survives_json() -> None:
    role = Role('a "b"', ("owner", "policy"), ("LOGIN",))
    assert Role.from_json(role.to_json()) == role
