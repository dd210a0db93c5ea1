"""Restores of PostgreSQL that are killed or fail: what they leave is no database that looks whole, and is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import postgres_restore
from tests.pipelines.bigtable_runs import Ended
from tests.pipelines.postgres_gate import ADVISORY, GATE, KEY, Observer, in_background, observed, shut
from tests.pipelines.postgres_outcome import require_told
from tests.pipelines.postgres_runs import backup, restore
from tests.pipelines.postgres_scene import Process
from tests.servers.postgres_server import PostgresServer

NewDatabase = Callable[..., str]
LATER, LAST = KEY + 1, KEY + 2
# Three gates: of the one row of `wide`, which is stored outside of its table; of some rows of `slow`, as soon as the
# ledger holds another piece than theirs; and of an index, which is made when all rows are there.
TABLES = f"""
    {GATE}
    CREATE FUNCTION public.later() RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE pieces bigint := 0;
        BEGIN
            IF pg_catalog.to_regclass('shardkeep_restore.piece') IS NOT NULL THEN
                EXECUTE 'SELECT pg_catalog.count(*) FROM shardkeep_restore.piece' INTO pieces;
            END IF;
            IF pieces > 1 THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared({LATER}); END IF;
            RETURN true;
        END $$;
    CREATE FUNCTION public.last(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared({LAST}); RETURN n; END';
    CREATE TABLE fast (n int PRIMARY KEY, word text); CREATE INDEX ON fast (public.last(n));
    INSERT INTO fast SELECT n, md5(n::text) FROM generate_series(1, 2000) n;
    CREATE TABLE slow (n int PRIMARY KEY, word text, CHECK (n % 50 > 0 OR public.later()));
    INSERT INTO slow SELECT n, md5(n::text) FROM generate_series(1, 2000) n;
    CREATE FUNCTION public.loading() RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE is_kept boolean := false;  -- not in the transaction that tries some rows first
        BEGIN
            IF pg_catalog.to_regclass('shardkeep_restore.restore') IS NOT NULL THEN
                EXECUTE 'SELECT xmin <> pg_catalog.pg_current_xact_id()::xid FROM shardkeep_restore.restore'
                    INTO is_kept;
            END IF;
            RETURN NOT is_kept OR public.gate();
        END $$;
    CREATE TABLE wide (word text, CHECK (public.loading())); ALTER TABLE wide ALTER word SET STORAGE EXTERNAL;
    INSERT INTO wide VALUES (repeat('x', 5000));
"""
COUNTS = "SELECT (SELECT count(*) FROM fast), (SELECT count(DISTINCT n) FROM slow), (SELECT count(*) FROM slow)"
OUTSIDE = "SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE relname = 'wide'"
ONE_WRITER = "--writers=1"


@pytest.fixture(scope="module")
def vault(postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup in many chunks."""
    made = tmp_path_factory.mktemp("backup") / "v"
    postgres18.sql("CREATE DATABASE restored_from")
    postgres18.sql(TABLES, "restored_from")
    try:
        ended = backup(made, postgres18.url("restored_from"), "--ranges=4", "--chunk_size=8KiB")
        assert ended.code == 0, ended.err
    finally:
        postgres18.sql("DROP DATABASE restored_from")
    return made


@dataclass(frozen=True)
class Target:
    """A database to restore into."""

    server: PostgresServer
    database: str
    vault: Path
    observer: Observer

    @property
    def url(self) -> str:
        return self.server.url(self.database)

    def restore(self, *options: str) -> Ended:
        return restore(self.vault, self.url, *options)

    def drop(self) -> None:
        self.server.sql(f"DROP DATABASE {self.database} WITH (FORCE)")

    def require_whole(self) -> None:
        assert self.server.sql(COUNTS, self.database) == "2000|2000|2000"
        assert self.server.sql("SELECT to_regnamespace('shardkeep_restore') IS NULL", self.database) == "t"

    @contextmanager
    def standing(self, key: int) -> Iterator[tuple[int, Callable[[], Ended]]]:
        """A restore that stands at a gate: its process of the server's, and what lets it go on to its end."""
        with shut(self.server, self.database, key) as gate, in_background(self.restore, ONE_WRITER) as command:
            pid = self.observer.await_wait(command, "shardkeep restore", ADVISORY)

            def go_on() -> Ended:
                gate.commit()
                ended: Ended = command.result()
                return ended

            try:
                yield pid, go_on
            finally:
                gate.rollback()


@pytest.fixture
def target(postgres18: PostgresServer, new_database: NewDatabase, vault: Path) -> Iterator[Target]:
    name = new_database(postgres18)
    with observed(postgres18, name) as observer:
        yield Target(postgres18, name, vault, observer)


def test_a_killed_restore_is_refused_by_the_next_one_until_its_database_is_dropped(target: Target) -> None:
    with shut(target.server, target.database, LATER):
        process = Process("postgres_restore", target.vault, target.url, "--backup=latest", ONE_WRITER)
        try:
            target.observer.await_wait(process, "shardkeep restore", ADVISORY)
        finally:
            process.kill()
    assert int(target.server.sql("SELECT count(*) FROM shardkeep_restore.piece", target.database)) > 0
    refused = target.restore()
    require_told(refused, 6, target.database, "was not ended", "DROP DATABASE")
    target.drop()
    ended = target.restore("--create_database")
    assert ended.code == 0, ended.err
    target.require_whole()


@pytest.mark.parametrize(("key", "what"), [(LATER, "public.slow"), (LAST, "fast_last_idx")], ids=["rows", "indexes"])
def test_a_lost_session_ends_the_restore_with_the_way_out(target: Target, key: int, what: str) -> None:
    with target.standing(key) as (pid, go_on):
        target.observer.terminate_process(pid)
        ended = go_on()
    require_told(ended, 9, what, "terminat", target.database, "DROP DATABASE")
    require_told(target.restore(), 6, target.database, "was not ended")


def test_a_restore_that_waited_goes_on(target: Target) -> None:
    with target.standing(LATER) as (_, go_on):
        ended = go_on()
    assert ended.code == 0, ended.err
    target.require_whole()


def test_a_full_disk_of_the_server_ends_the_restore_with_the_way_out(target: Target) -> None:
    """The file of a table that the writer has not opened yet is put on a device that is always full."""
    with target.standing(KEY) as (_, go_on):
        path = target.server.data / target.server.sql(OUTSIDE, target.database)
        path.unlink()
        path.symlink_to("/dev/full")
        ended = go_on()
    require_told(ended, 9, "public.wide", "No space left", "make room there", target.database, "DROP DATABASE")
    require_told(target.restore(), 6, target.database, "was not ended")


def test_a_plan_says_what_it_ran_on_the_server_and_leaves_nothing(
    vault: Path, postgres18: PostgresServer, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    ended = restore(vault, postgres18.url(database), "--plan_only")
    assert ended.code == 0, ended.err
    assert "Nothing was written: --plan_only. All statements of the backup's schema were run on the server" in ended.out
    assert "rolled back" in ended.out
    left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert postgres18.sql(left, database) == "0"


def test_the_help_says_what_trust_a_restore_needs() -> None:
    words = " ".join(postgres_restore.options().format_help().split())
    assert "run with the rights of the role that restores" in words
    assert "With --plan_only all statements but those of rows are run too" in words
