"""PostgreSQL on a small Flink: all commands agree with FnApiRunner, and a step may be tried again."""

from collections.abc import Callable
from pathlib import Path

from pipelines import postgres_backup, postgres_restore, verify
from tests.engines.flink_runs import Flink
from tests.engines.outcome import require_done, tables
from tests.engines.retried import restore
from tests.pipelines.postgres_runs import backup
from tests.postgres_zoo import differences, make_zoo, normalised_dump
from tests.postgres_zoo.zoo import make_roles
from tests.servers.postgres_server import PostgresServer

NewDatabase = Callable[..., str]
SOME = ("numbers", "relations", "sequences")


def to(vault: Path, server: PostgresServer, name: str) -> list[str]:
    return [f"--vault={vault}", f"--database={server.url(name)}", "--create_database", "--backup=latest", "--json"]


def require_same(server: PostgresServer, *names: str) -> None:
    assert differences(*(normalised_dump(server.binaries, server.url(name)) for name in names)) == []


def test_types_and_objects_come_back(
    postgres18: PostgresServer, new_database: NewDatabase, copy: str, flink: Flink, tmp_path: Path
) -> None:
    zoo, ours, theirs = new_database(postgres18), tmp_path / "flink-vault", tmp_path / "other-vault"
    assert make_zoo(postgres18, zoo, parts=SOME) == list(SOME)
    url, options = postgres18.url(zoo), ("--ranges=4", "--chunk_size=16KiB", "--readers=3")
    require_done(flink.run(postgres_backup.main, f"--vault={ours}", f"--database={url}", *options))
    require_done(backup(theirs, url, *options))
    assert tables(ours) == tables(theirs)

    latest = [f"--vault={ours}", "--backup=latest"]
    checked = require_done(flink.run(verify.main, *latest, "--level=L3", "--json")).json
    assert (checked["ok"], checked["problems"]) == (True, [])

    make_roles(postgres18)
    restored = require_done(flink.run(postgres_restore.main, *to(ours, postgres18, copy))).json
    assert restored["skipped"] == []
    require_same(postgres18, zoo, copy)


def test_a_restore_whose_step_after_its_end_fails_once_is_tried_again(
    postgres18: PostgresServer, new_database: NewDatabase, copy: str, flink: Flink, tmp_path: Path
) -> None:
    name = new_database(postgres18)
    postgres18.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000)", name)
    require_done(backup(tmp_path / "v", postgres18.url(name)))
    argv = [*to(tmp_path / "v", postgres18, copy), *flink.options()]
    require_done(restore(postgres_restore.configure, postgres_restore.build, tmp_path / "failed", *argv))
    assert (tmp_path / "failed").exists()
    require_same(postgres18, name, copy)
