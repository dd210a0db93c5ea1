"""How many connections a job has at most, counted by the server: with a limit of the role's own it refuses one more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipelines.postgres_gate import Sampler
from tests.pipelines.postgres_runs import backup, restore
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import new_role

pytestmark = pytest.mark.timeout(90)

NewDatabase = Callable[..., str]
TABLES = """
    CREATE TABLE t0 (n int PRIMARY KEY, word text); CREATE TABLE t1 (LIKE t0 INCLUDING ALL);
    CREATE TABLE t2 (LIKE t0 INCLUDING ALL); CREATE TABLE t3 (LIKE t0 INCLUDING ALL);
    INSERT INTO t0 SELECT n, repeat('x', n % 90) FROM generate_series(1, 5000) n;
    INSERT INTO t1 TABLE t0; INSERT INTO t2 TABLE t0; INSERT INTO t3 TABLE t0;
    CREATE INDEX ON t0 (word); CREATE INDEX ON t1 (word); CREATE INDEX ON t2 (word); CREATE INDEX ON t3 (word);
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM t0;
    SELECT lo_from_bytea(0, 'a large object');
"""
PROCESSES = ("--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_processing")
THREADS = ("--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_threading")


@pytest.fixture
def database(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    return name


@pytest.fixture
def four(postgres18: PostgresServer, database: str) -> Iterator[str]:
    """A role that may have four connections."""
    with new_role(postgres18, database, "LOGIN CONNECTION LIMIT 4") as role:
        postgres18.sql(f"GRANT pg_read_all_data TO {role}; SELECT lo_put(oid, 0, '') FROM pg_largeobject_metadata;", database)
        oids = postgres18.sql("SELECT string_agg(oid::text, ',') FROM pg_largeobject_metadata", database)
        postgres18.sql(f"GRANT SELECT ON LARGE OBJECT {oids} TO {role}", database)
        yield role


@pytest.mark.parametrize("engine", [(), THREADS, PROCESSES], ids=["alone", "threads", "processes"])
def test_a_backup_has_no_more_connections_than_it_may(
    postgres18: PostgresServer, database: str, four: str, tmp_path: Path, engine: tuple[str, ...]
) -> None:
    options = ("--max_connections=4", "--readers=8", "--ranges=4", "--chunk_size=4KiB", "--json", *engine)
    with Sampler(postgres18, four) as sampler:
        ended = backup(tmp_path / "v", postgres18.url(database, four), *options)
    assert ended.code == 0, ended.err
    assert sum(table["rows"] for table in ended.json["tables"]) == 4 * 5000 + 1
    assert sampler.most <= 4  # the role itself may have no more: a fifth would have been refused
