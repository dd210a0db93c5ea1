"""How many connections a job has at most: the role's own limit makes the server refuse one more."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipelines.postgres_gate import Sampler
from tests.pipelines.postgres_runs import backup, restore
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import new_role

NewDatabase = Callable[..., str]
ROWS = 5000
# Tables and large objects, and much to do at once when the rows are there.
TABLES = f"""
    CREATE TABLE t0 (n int PRIMARY KEY, word text); CREATE TABLE t1 (LIKE t0 INCLUDING ALL);
    CREATE TABLE t2 (LIKE t0 INCLUDING ALL); CREATE TABLE t3 (LIKE t0 INCLUDING ALL);
    INSERT INTO t0 SELECT n, repeat('x', n % 90) FROM generate_series(1, {ROWS}) n;
    INSERT INTO t1 TABLE t0; INSERT INTO t2 TABLE t0; INSERT INTO t3 TABLE t0;
    CREATE INDEX ON t0 (word); CREATE INDEX ON t1 (word); CREATE INDEX ON t2 (word); CREATE INDEX ON t3 (word);
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM t0;
    SELECT lo_from_bytea(4711, 'a large object');
"""
# And eight tables more.
SLOW_LOGIN = """
    CREATE FUNCTION public.linger() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN IF current_setting(''application_name'') = ''shardkeep backup'' THEN PERFORM pg_sleep(0.2); END IF; END';
    CREATE EVENT TRIGGER slow ON login EXECUTE FUNCTION public.linger();
    CREATE TABLE s0 (n int); CREATE TABLE s1 (n int); CREATE TABLE s2 (n int); CREATE TABLE s3 (n int);
    CREATE TABLE s4 (n int); CREATE TABLE s5 (n int); CREATE TABLE s6 (n int); CREATE TABLE s7 (n int);
"""
THREADS = ("--direct_num_workers=2", "--direct_running_mode=multi_threading")
PROCESSES = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
MANY_THREADS = ("--direct_num_workers=4", "--direct_running_mode=multi_threading")
MANY_PROCESSES = ("--direct_num_workers=4", "--direct_running_mode=multi_processing")


@pytest.fixture
def database(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    return name


@pytest.fixture
def reader(postgres18: PostgresServer, database: str) -> Iterator[str]:
    """A role that may read everything, through four connections."""
    with new_role(postgres18, database, "LOGIN CONNECTION LIMIT 4") as role:
        grants = f"GRANT pg_read_all_data TO {role}; GRANT SELECT ON LARGE OBJECT 4711 TO {role}"
        postgres18.sql(grants, database)
        yield role


@pytest.mark.parametrize("engine", [(), THREADS, PROCESSES], ids=["alone", "threads", "processes"])
def test_a_backup_has_no_more_connections_than_it_is_given(
    postgres18: PostgresServer,
    database: str,
    reader: str,
    tmp_path: Path,
    engine: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the engine: workers in other processes import the snapshot, too."""
    options = ("--max_connections=4", "--readers=8", "--ranges=4", "--chunk_size=4KiB", "--json", *engine)
    with Sampler(postgres18, reader) as sampler:
        ended = backup(tmp_path / "v", postgres18.url(database, reader), *options)
    assert ended.code == 0, ended.err
    assert "too many connections" not in caplog.text
    assert ended.json["consistency"] == "snapshot"
    assert sum(table["rows"] for table in ended.json["tables"]) == 4 * ROWS + 1
    assert 2 <= sampler.most <= 4


@pytest.mark.parametrize("engine", [MANY_THREADS, MANY_PROCESSES], ids=["threads", "processes"])
def test_of_four_workers_no_more_plan_tables_at_once_than_may_connect(
    postgres18: PostgresServer,
    database: str,
    reader: str,
    tmp_path: Path,
    engine: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server lets nobody in quickly: who may not connect would meet those who may, be refused, and say so."""
    postgres18.sql(SLOW_LOGIN, database)
    options = ("--max_connections=4", "--readers=8", "--ranges=1", "--json", *engine)
    ended = backup(tmp_path / "v", postgres18.url(database, reader), *options)
    assert ended.code == 0, ended.err
    assert "too many connections" not in caplog.text
    assert len(ended.json["tables"]) == 4 + 1 + 8


def test_a_restore_has_one_connection_more_than_writers(
    postgres18: PostgresServer,
    database: str,
    new_database: NewDatabase,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert backup(tmp_path / "v", postgres18.url(database), "--ranges=4", "--chunk_size=4KiB").code == 0
    target = new_database(postgres18)
    with new_role(postgres18, target, "LOGIN CONNECTION LIMIT 3") as role, Sampler(postgres18, role) as sampler:
        postgres18.sql(f"ALTER DATABASE {target} OWNER TO {role}")
        options = ("--writers=2", "--owner=none", "--acl=none", "--json")
        ended = restore(tmp_path / "v", postgres18.url(target, role), *options)
        assert ended.code == 0, ended.err
    assert "too many connections" not in caplog.text
    assert sum(table["rows"] for table in ended.json["tables"]) == 4 * ROWS + 1
    assert 2 <= sampler.most <= 3
    assert postgres18.sql("SELECT count FROM counted", target) == str(ROWS)
