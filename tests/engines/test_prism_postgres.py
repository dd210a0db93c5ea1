"""PostgreSQL on Prism, with a worker process: some of the zoo, one moment for all readers, errors by their codes."""

from collections.abc import Callable
from pathlib import Path

from tests.engines.outcome import require_done, require_error, tables
from tests.engines.prism_runs import Prism
from tests.pipelines.bigtable_runs import files
from tests.pipelines.postgres_gate import ADVISORY, in_background, observed, shut
from tests.pipelines.postgres_outcome import numbers_of, require_no_backup
from tests.pipelines.postgres_runs import backup
from tests.pipelines.postgres_scene import ALL, TABLES, THROUGH_THE_GATE
from tests.postgres_zoo import differences, make_zoo, normalised_dump
from tests.postgres_zoo.zoo import make_roles
from tests.servers.postgres_server import PostgresServer

NewDatabase = Callable[..., str]
# Of each kind something: plain types, types within types, relations of tables, other objects, sequences. The whole zoo
# comes back in tests/pipelines/test_postgres_round_trip.py, on the engine of one process.
SOME = ("numbers", "nested", "relations", "sequences", "objects")


def test_types_and_objects_come_back(
    postgres18: PostgresServer, new_database: NewDatabase, copy: str, prism: Prism, tmp_path: Path
) -> None:
    zoo, ours, theirs = new_database(postgres18), tmp_path / "prism-vault", tmp_path / "other-vault"
    assert make_zoo(postgres18, zoo, parts=SOME) == list(SOME)
    url, options = postgres18.url(zoo), ("--ranges=4", "--chunk_size=16KiB", "--readers=3")
    require_done(prism.run("postgres-backup", f"--vault={ours}", f"--database={url}", *options))
    require_done(backup(theirs, url, *options))
    assert tables(ours) == tables(theirs)

    checked = require_done(prism.run("verify", f"--vault={ours}", "--backup=latest", "--level=L3", "--json")).json
    assert (checked["ok"], checked["problems"]) == (True, [])

    make_roles(postgres18)
    there = [f"--database={postgres18.url(copy)}", "--create_database", "--backup=latest", "--json"]
    restored = require_done(prism.run("postgres-restore", f"--vault={ours}", *there)).json
    assert restored["skipped"] == []
    both = (normalised_dump(postgres18.binaries, postgres18.url(name)) for name in (zoo, copy))
    assert differences(*both) == []
    assert prism.started == 3


def test_readers_in_the_worker_share_the_snapshot_that_the_command_holds(
    postgres18: PostgresServer, new_database: NewDatabase, prism: Prism, tmp_path: Path
) -> None:
    name = new_database(postgres18)
    postgres18.sql(TABLES, name)
    options = [f"--vault={tmp_path / 'v'}", f"--database={postgres18.url(name)}", *THROUGH_THE_GATE]
    with (
        observed(postgres18, name) as observer,
        shut(postgres18, name) as gate,
        in_background(prism.run, "postgres-backup", *options) as command,
    ):
        try:
            observer.await_wait(command, "shardkeep backup", ADVISORY)
            postgres18.sql("DELETE FROM last; INSERT INTO first VALUES (1000); INSERT INTO other.one VALUES (2)", name)
        finally:
            gate.rollback()
        require_done(command.result())
    assert numbers_of(tmp_path / "v") == ALL
    assert prism.started == 1


def test_a_right_that_a_worker_lacks_is_told_once(
    postgres18: PostgresServer, new_database: NewDatabase, prism: Prism, tmp_path: Path
) -> None:
    """The condition is good when the command tries it: without the right it fails at one of the rows."""
    name = new_database(postgres18)
    postgres18.sql(
        """
        CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n;
        CREATE FUNCTION public.secret() RETURNS boolean LANGUAGE sql AS 'SELECT true';
        REVOKE EXECUTE ON FUNCTION public.secret FROM PUBLIC;
        CREATE FUNCTION public.peek(n int) RETURNS boolean LANGUAGE plpgsql AS
            'BEGIN RETURN n < 500 OR public.secret(); END';
        DO $$ BEGIN CREATE ROLE prism_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT SELECT ON t TO prism_reader;
        """,
        name,
    )
    url = postgres18.url(name, "prism_reader")
    only = ["--table=public.t", "--where=public.t:public.peek(n)"]
    ended = prism.run("postgres-backup", f"--vault={tmp_path / 'v'}", f"--database={url}", *only, "--json")
    assert "permission denied for function secret" in require_error(ended, 9)
    require_no_backup(tmp_path / "v")
    assert prism.started == 1


def test_a_damaged_shard_is_found_and_not_restored(
    postgres18: PostgresServer, new_database: NewDatabase, copy: str, prism: Prism, tmp_path: Path
) -> None:
    name, vault = new_database(postgres18), tmp_path / "v"
    postgres18.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n", name)
    require_done(backup(vault, postgres18.url(name)))
    (shard,) = [path for path in files(vault) if "/data/" in path and path.endswith(".avro")]
    whole = (vault / shard).read_bytes()
    (vault / shard).write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])

    checked = prism.run("verify", f"--vault={vault}", "--backup=latest", "--level=L3", "--json")
    assert checked.code == 5, checked.err
    assert checked.json["ok"] is False
    assert all("/data/public+t/" in problem for problem in checked.json["problems"])

    there = [f"--database={postgres18.url(copy)}", "--create_database", "--backup=latest", "--json"]
    message = require_error(prism.run("postgres-restore", f"--vault={vault}", *there), 5)
    assert message.startswith("the backup is not whole, nothing was written:")
    assert shard.rpartition("/")[2] in message
    assert prism.started == 2
