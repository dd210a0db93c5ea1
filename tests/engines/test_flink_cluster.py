"""A Flink cluster of two TaskManagers on which a worker, then a TaskManager, is killed in each job: nothing is lost.

What is killed is replaced, by the engine or as by an operator.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.engines.flink_runs import Flink
from tests.engines.flink_workers import Workers, await_during
from tests.engines.outcome import require_done, tables
from tests.engines.prism_runs import finish
from tests.pipelines import bigtable_runs, postgres_runs
from tests.pipelines.bigtable_runs import Ended, check
from tests.servers.flink_cluster import Cluster
from tests.servers.postgres_server import PostgresServer
from tests.tables import PROJECT, Content, Tables, new_instance

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]
SECONDS = 600
NewDatabase = Callable[..., str]
Progress = Callable[[], int]

ROWS = 400_000
# Analysed: the server's statistics decide the order of reading, which the backup names.
FILL = f"""
    CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT g, md5(g::text) || repeat('x', 70) FROM generate_series(1, {ROWS}) g;
    ANALYZE t;
"""
CONTENT = Content(["f"], {b"%06d" % n: [("f", b"q", 1000, b"%d" % n * 20)] for n in range(20_000)})


def shards(vault: Path) -> Progress:
    """How many ranges are written."""
    return lambda: len(list(vault.glob("*/*/data/*/*.avro")))


def finish_with_kills(
    process: "subprocess.Popen[str]", workers: Workers, cluster: Cluster, progress: Progress, marks: tuple[int, int]
) -> Ended:
    """Kill a worker, then a TaskManager, when the progress has reached its mark."""
    try:
        await_during(process, lambda: progress() >= marks[0])
        workers.kill_one()
        await_during(process, lambda: progress() >= marks[1])
        cluster.kill_task_manager()
    finally:
        ended = finish(process, SECONDS)
    return require_done(ended)


def require_whole(vault: Path, other: Path) -> None:
    """The backup is whole, and the same as another one."""
    checked = require_done(check(vault, "latest", "--level=L3", "--json")).json
    assert (checked["ok"], checked["problems"]) == (True, [])
    assert tables(vault) == tables(other)


def test_postgres_loses_nothing(
    postgres18: PostgresServer,
    new_database: NewDatabase,
    flink_cluster: Flink,
    workers: Workers,
    cluster: Cluster,
    tmp_path: Path,
) -> None:
    source, copy, vault = new_database(postgres18), new_database(postgres18), tmp_path / "v"
    postgres18.sql(FILL, source)
    options = [f"--vault={vault}", f"--database={postgres18.url(source)}", "--ranges=40"]
    process = flink_cluster.open("postgres-backup", *options)
    finish_with_kills(process, workers, cluster, shards(vault), (5, 15))
    require_done(postgres_runs.backup(tmp_path / "other", postgres18.url(source)))
    require_whole(vault, tmp_path / "other")

    def loaded() -> int:
        return int(postgres18.sql("SELECT coalesce(pg_relation_size(to_regclass('t')), 0)", copy).strip())

    there = [f"--vault={vault}", f"--database={postgres18.url(copy)}", "--backup=latest"]
    process = flink_cluster.open("postgres-restore", *there)
    finish_with_kills(process, workers, cluster, loaded, (8 << 20, 25 << 20))
    query = "SELECT count(*), count(DISTINCT id), sum(hashtext(v)::bigint), sum(id::bigint) FROM t"
    assert postgres18.sql(query, copy) == postgres18.sql(query, source)


def test_bigtable_loses_nothing(
    bigtable_emulator: str, flink_cluster: Flink, workers: Workers, cluster: Cluster, tmp_path: Path
) -> None:
    source, copy, vault = new_instance(), new_instance(), tmp_path / "v"
    source.fill("t", CONTENT)
    argv = [f"--vault={vault}", f"--bigtable_project={PROJECT}"]
    options = [*argv, f"--instance={source.instance}", "--table=t", "--ranges=400", "--chunk_size=4KiB"]
    process = flink_cluster.open("bigtable-backup", *options)
    finish_with_kills(process, workers, cluster, shards(vault), (40, 120))
    require_done(bigtable_runs.backup(tmp_path / "other", source, "--table=t"))
    require_whole(vault, tmp_path / "other")

    process = flink_cluster.open("bigtable-restore", *argv, f"--instance={copy.instance}", "--backup=latest")
    finish_with_kills(process, workers, cluster, lambda: rows_of(copy), (500, 4000))
    assert copy.read("t") == CONTENT.expected


def rows_of(tables: Tables) -> int:
    """How many rows have come."""
    return len(tables.read("t")) if "t" in tables.names() else 0


def test_a_command_that_is_ended_ends_its_job_on_the_cluster(
    postgres18: PostgresServer, new_database: NewDatabase, flink_cluster: Flink, tmp_path: Path
) -> None:
    source, vault = new_database(postgres18), tmp_path / "v"
    postgres18.sql(FILL, source)
    options = [f"--vault={vault}", f"--database={postgres18.url(source)}", "--ranges=40"]
    process = flink_cluster.open("postgres-backup", *options)
    await_during(process, lambda: shards(vault)() >= 5)
    process.send_signal(SIGTERM)
    ended = finish(process, SECONDS)
    assert (ended.code, "may go on" in ended.err) == (128 + SIGTERM, False), ended.err
