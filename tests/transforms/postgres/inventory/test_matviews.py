from collections.abc import Callable

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened
from transforms.postgres.inventory.matviews import list_populated
from transforms.postgres.names.identifiers import Name
from transforms.postgres.restore.refresh import refresh

# `a` reads `z` through a view: neither names nor ages are the order.
OBJECTS = """
    CREATE TABLE numbers AS SELECT pg_catalog.generate_series(1, 3) AS number;
    CREATE MATERIALIZED VIEW z AS SELECT number * 2 AS number FROM numbers {how};
    CREATE VIEW middle AS SELECT number + 1 AS number FROM z;
    CREATE MATERIALIZED VIEW a AS SELECT number FROM middle {how};
    CREATE MATERIALIZED VIEW "B ""c"" d" AS SELECT z.number FROM z JOIN a ON a.number = z.number + 1 {how};
    CREATE MATERIALIZED VIEW empty AS SELECT number FROM numbers WITH NO DATA;
"""
IN_ORDER = (Name("public", "z"), Name("public", "a"), Name("public", 'B "c" d'))


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    return new_database(postgres)


def test_populated_views_are_listed_behind_those_they_read(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS.format(how=""), database)
    with opened(postgres, database) as session:
        assert list_populated(session) == IN_ORDER


def test_refreshing_twice_fills_each_view_from_those_before_it(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS.format(how="WITH NO DATA"), database)
    with opened(postgres, database) as session:
        assert list_populated(session) == ()
        refresh(session, IN_ORDER)
        refresh(session, IN_ORDER)
        assert list_populated(session) == IN_ORDER
        rows = session.execute('SELECT number FROM public."B ""c"" d" ORDER BY 1').fetchall()
    assert rows == [(2,), (4,), (6,)]


def test_a_view_that_is_filled_is_not_filled_again(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS.format(how=""), database)
    postgres.sql("INSERT INTO numbers VALUES (4)", database)
    with opened(postgres, database) as session:
        refresh(session, IN_ORDER)
        assert session.execute("SELECT count(*) FROM public.z").fetchone() == (3,)


def test_views_that_read_one_another_in_a_circle_still_have_an_order(postgres: PostgresServer, database: str) -> None:
    postgres.sql(
        "CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT a FROM v;"
        "CREATE OR REPLACE VIEW v AS SELECT a FROM m; CREATE MATERIALIZED VIEW n AS SELECT a FROM m",
        database,
    )
    with opened(postgres, database) as session:
        assert list_populated(session) == (Name("public", "m"), Name("public", "n"))


def test_a_view_that_cannot_be_filled_keeps_no_other_from_it(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS.format(how="WITH NO DATA"), database)
    postgres.sql("CREATE MATERIALIZED VIEW broken AS SELECT 1 / (number - number) FROM numbers WITH NO DATA", database)
    lost = [Name("public", name) for name in ("broken", "lacking")]
    with opened(postgres, database) as session:
        failures = refresh(session, [*lost, *IN_ORDER])
        assert list_populated(session) == IN_ORDER
    assert [(name, failure.words) for name, failure in failures.items()] == [
        (lost[0], "division by zero"),
        (lost[1], 'relation "public.lacking" does not exist'),
    ]
    assert failures[lost[0]].step.statement == b'REFRESH MATERIALIZED VIEW "public"."broken"'
