"""Changes that no lock on a table holds back are found when all is read, and others do not matter."""

from collections.abc import Callable

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import database_of, opened
from transforms.errors import RefusedError
from transforms.postgres.moment.definitions import check_kept, read_definitions
from transforms.postgres.names.selection import Selection
from transforms.postgres.source import PostgresSource
from transforms.source import Wanted

OBJECTS = """
    CREATE SCHEMA one; CREATE SCHEMA two; CREATE SCHEMA unused;
    CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE TYPE pair AS (x int, y int); CREATE TYPE idle AS ENUM ('idle');
    CREATE TABLE inner_row (a int); CREATE TABLE plain (a int);
    CREATE DOMAIN pairs AS pair[];
    CREATE TABLE one.t (m mood, p pairs, r inner_row[]);
    INSERT INTO one.t VALUES ('glad', '{"(1,2)"}', '{(3)}');
    CREATE TABLE two.t (m mood, p pairs, r inner_row[]);
"""


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    name = new_database(postgres)
    postgres.sql(OBJECTS, name)
    return name


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'", "type mood"),
        ("ALTER TYPE mood RENAME TO humour", "type mood"),
        ("ALTER TYPE mood SET SCHEMA unused", "type mood"),
        ("ALTER TYPE pair DROP ATTRIBUTE x", "type pair"),
        ("ALTER TYPE pair ADD ATTRIBUTE z text", "type pair"),
        ("ALTER TABLE inner_row ADD COLUMN b int", "type inner_row"),
        ("ALTER SCHEMA one RENAME TO three", "schema one"),
    ],
)
def test_what_changes_the_text_of_rows_or_their_names_is_named(
    postgres: PostgresServer, database: str, change: str, named: str
) -> None:
    with opened(postgres, database) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        read_definitions(connection)
        postgres.sql(change, database)
        then = read_definitions(connection)
        connection.execute("ROLLBACK")
        now = read_definitions(connection)
    with pytest.raises(RefusedError, match=rf"while the backup ran: {named}\. "):
        check_kept(then, now)


def test_what_changes_no_row_of_the_moment_does_not_matter(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as connection:
        then = read_definitions(connection)
        postgres.sql(
            "ALTER TYPE mood ADD VALUE 'new' BEFORE 'glad'; ALTER TYPE pair RENAME ATTRIBUTE x TO first;"
            " DROP SCHEMA unused; DROP TYPE idle; CREATE TYPE fresh AS ENUM ('a'); CREATE SCHEMA fresh;"
            " ALTER TABLE plain ADD COLUMN b int; CREATE TEMPORARY TABLE passing (a mood)",
            database,
        )
        check_kept(then, read_definitions(connection))


def test_a_backup_during_which_a_label_is_renamed_is_none(postgres: PostgresServer, database: str) -> None:
    source = PostgresSource(database_of(postgres, database), Selection.parse(), "snapshot")
    with source.opened() as moment:
        tables = moment.tables()
        postgres.sql("ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'", database)
        with pytest.raises(RefusedError, match="type mood"):
            moment.conclude(tables)


def test_a_table_whose_schema_gave_its_name_to_another_is_not_read_under_its_name(
    postgres: PostgresServer, database: str
) -> None:
    source = PostgresSource(database_of(postgres, database), Selection.parse(table="one.t"), "snapshot")
    with source.opened() as moment:
        [table] = moment.tables()
        [plan] = moment.plan([table], Wanted(1, 1))
        postgres.sql("ALTER SCHEMA one RENAME TO old; ALTER SCHEMA two RENAME TO one", database)
        with (
            pytest.raises(RefusedError, match=r"one\.t is another table than when the backup began"),
            moment.reading([table]) as read,
        ):
            list(read(table, plan.ranges[0], 1024))
