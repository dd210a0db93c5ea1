import re
from collections.abc import Iterator

import pytest

from tests.postgres_zoo.dump import differences, normalised_dump
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import (
    OWNER,
    READER,
    RESTORER,
    SUPERUSERS,
    archive_of,
    make_shop,
    pg_restore,
)
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.restoring import Backup, backup_of, restore, target_of
from transforms.errors import RefusedError
from transforms.postgres.archive.toc import parse
from transforms.postgres.objects.owners import Owning, acl_steps, owner_steps

_OWNER = re.compile(r"^ALTER .* OWNER TO .*;$", re.MULTILINE)
# Before 16 pg_restore says ALTER TABLE for whatever is in pg_class.
_OF_CLASS = re.compile(r"^ALTER (?:MATERIALIZED VIEW|FOREIGN TABLE|VIEW|SEQUENCE|TABLE) ")
_NEEDLESS = re.compile(r'"([a-z_][a-z0-9_]*)"')
GRANTED = f"""
    GRANT SELECT ON shop.lines TO {READER} WITH GRANT OPTION;
    SET ROLE {READER}; GRANT SELECT ON shop.lines TO {RESTORER}; RESET ROLE;
    GRANT CONNECT ON DATABASE :"DBNAME" TO {READER};
    CREATE SCHEMA closed AUTHORIZATION {OWNER}; REVOKE ALL ON SCHEMA closed FROM {OWNER};
    CREATE TABLE closed.inner (i int); ALTER TABLE closed.inner OWNER TO {OWNER};
"""


def normal(statement: str) -> str:
    return _OF_CLASS.sub("ALTER TABLE ", _NEEDLESS.sub(r"\1", statement.strip().removesuffix(";")))


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as database:
        make_shop(postgres, database, GRANTED)
        yield database


@pytest.fixture(scope="module")
def backup(postgres: PostgresServer, shop: str, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    return backup_of(postgres, shop, tmp_path_factory.mktemp("backup"))


def test_owners_are_given_by_the_statements_of_pg_restore(postgres: PostgresServer) -> None:
    with module_database(postgres) as database:
        make_shop(postgres, database, SUPERUSERS)
        archive = archive_of(postgres, database)
    script = pg_restore(postgres, archive, "--file=-", "--no-acl")
    expected = {normal(statement) for statement in _OWNER.findall(script)}
    # The sequence of a serial column follows its table.
    followers = {statement for statement in expected if "lines_id_seq" in statement}
    ours = {normal(step.statement.decode()) for step in owner_steps(parse(archive).entries)}
    assert ours - {f"ALTER DATABASE {parse(archive).database} OWNER TO postgres"} == expected - followers
    assert followers


def test_privileges_are_granted_by_the_statements_of_pg_restore(postgres: PostgresServer, shop: str) -> None:
    archive = archive_of(postgres, shop)
    script = pg_restore(postgres, archive, "--file=-", "--no-owner")
    steps = acl_steps(parse(archive).entries, Owning(owners=False), is_superuser=True)
    texts = [step.statement.decode() for step in steps if "DATABASE" not in step.title]
    assert len(texts) > 5
    assert [text for text in texts if text not in script] == []


def test_a_member_of_the_owners_restores_owners_and_privileges_without_being_superuser(
    postgres: PostgresServer, shop: str, backup: Backup
) -> None:
    postgres.sql("DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")
    try:
        postgres.sql(f"GRANT {READER} TO {RESTORER}")
        ending = restore(backup, target_of(postgres, "owners_copy", RESTORER, create_database=True, keep_acl=True))
        assert [each for each in ending.skipped if "database owners_copy" not in each.name] == []
        client = postgres.binaries
        copy = normalised_dump(client, postgres.url("owners_copy"))
        assert differences(normalised_dump(client, postgres.url(shop)), copy) == []
    finally:
        postgres.sql(f"REVOKE {READER} FROM {RESTORER}; DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")


def test_nothing_of_a_loan_is_left(postgres: PostgresServer, backup: Backup) -> None:
    postgres.sql("DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")
    try:
        restore(backup, target_of(postgres, "owners_copy", create_database=True))
        may = "SELECT has_schema_privilege('{}', '{}', '{}')"
        assert postgres.sql(may.format(OWNER, "closed", "USAGE"), "owners_copy") == "f"
        assert postgres.sql(may.format(READER, "shop", "CREATE"), "owners_copy") == "f"
    finally:
        postgres.sql("DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")


def test_without_owners_everything_belongs_to_who_restores(postgres: PostgresServer, backup: Backup) -> None:
    postgres.sql("DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")
    try:
        restore(
            backup, target_of(postgres, "owners_copy", RESTORER, create_database=True, keep_owner=False, keep_acl=False)
        )
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('shop', 'closed')"
        assert postgres.sql(owners, "owners_copy") == RESTORER
        assert postgres.sql(f"SELECT has_table_privilege('{READER}', 'shop.orders', 'SELECT')", "owners_copy") == "f"
    finally:
        postgres.sql("DROP DATABASE IF EXISTS owners_copy WITH (FORCE)")


def test_a_stranger_to_the_owners_is_told_in_one_line(postgres: PostgresServer, backup: Backup) -> None:
    postgres.sql("CREATE ROLE owners_stranger LOGIN CREATEDB")
    try:
        with pytest.raises(RefusedError) as caught:
            restore(backup, target_of(postgres, "owners_copy", "owners_stranger", create_database=True))
        about = [line for line in str(caught.value).splitlines() if line.startswith("owner of ")]
        assert len(about) == 1
        assert f'"{OWNER}"' in about[0]
        assert about[0].endswith("--owner=none.")
        assert postgres.sql("SELECT count(*) FROM pg_database WHERE datname = 'owners_copy'") == "0"
    finally:
        postgres.sql("DROP ROLE owners_stranger")


def test_a_grant_of_another_is_made_in_their_name(postgres: PostgresServer, shop: str) -> None:
    steps = acl_steps(parse(archive_of(postgres, shop)).entries, Owning(), is_superuser=False)
    text = next(step.statement.decode() for step in steps if step.title == "privileges on TABLE lines")
    assert "SESSION AUTHORIZATION" not in text
    assert f"SET LOCAL ROLE {READER};" in text
    assert text.startswith(f'SET LOCAL ROLE "{OWNER}";\n')
    assert text.endswith("RESET ROLE")
