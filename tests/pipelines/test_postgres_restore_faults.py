"""Restores of PostgreSQL that are killed or fail: what they leave is no database that looks whole, and is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipelines.bigtable_runs import Ended
from tests.pipelines.postgres_gate import ADVISORY, GATE, Observer, in_background, observed, shut
from tests.pipelines.postgres_outcome import require_told
from tests.pipelines.postgres_runs import backup, restore
from tests.pipelines.postgres_scene import Process
from tests.servers.postgres_server import PostgresServer

pytestmark = pytest.mark.timeout(60)

NewDatabase = Callable[..., str]
# The rows of `slow` go through the gate when they are loaded; the second half of them, that is, in a later chunk.
TABLES = f"""
    {GATE}
    CREATE TABLE fast (n int PRIMARY KEY, word text); CREATE INDEX ON fast (word);
    INSERT INTO fast SELECT n, md5(n::text) FROM generate_series(1, 2000) n;
    CREATE TABLE slow (n int PRIMARY KEY, word text, CHECK (n <= 1000 OR public.gate()));
    INSERT INTO slow SELECT n, md5(n::text) FROM generate_series(1, 2000) n;
"""
COUNTS = "SELECT (SELECT count(*) FROM fast), (SELECT count(DISTINCT n) FROM slow), (SELECT count(*) FROM slow)"
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
    def writing(self) -> Iterator[Callable[[], Ended]]:
        """A restore whose writer stands in a chunk of `slow`; what is yielded lets it go on to its end."""
        with shut(self.server, self.database) as gate, in_background(self.restore, ONE_WRITER) as command:
            self.observer.await_wait(command, "shardkeep restore", ADVISORY)

            def go_on() -> Ended:
                gate.commit()
                ended: Ended = command.result()
                return ended

            try:
                yield go_on
            finally:
                gate.rollback()


@pytest.fixture
def target(postgres18: PostgresServer, new_database: NewDatabase, vault: Path) -> Iterator[Target]:
    name = new_database(postgres18)
    with observed(postgres18, name) as observer:
        yield Target(postgres18, name, vault, observer)


def test_a_killed_restore_is_refused_by_the_next_one_until_its_database_is_dropped(target: Target) -> None:
    with shut(target.server, target.database):
        process = Process("postgres_restore", target.vault, target.url, "--backup=latest", ONE_WRITER)
        try:
            target.observer.await_wait(process, "shardkeep restore", ADVISORY)
        finally:
            process.kill()
    assert int(target.server.sql("SELECT count(*) FROM shardkeep_restore.chunk", target.database)) > 0
    refused = target.restore()
    require_told(refused, 6, target.database, "was not ended", "DROP DATABASE")
    target.drop()
    ended = target.restore("--create_database")
    assert ended.code == 0, ended.err
    target.require_whole()


def test_a_lost_writer_ends_the_restore_with_the_way_out(target: Target) -> None:
    with target.writing() as go_on:
        target.observer.terminate("shardkeep restore")
        ended = go_on()
    require_told(ended, 9, "public.slow", "terminat", target.database, "DROP DATABASE")
    require_told(target.restore(), 6, target.database, "was not ended")


def test_a_restore_that_waited_goes_on(target: Target) -> None:
    with target.writing() as go_on:
        ended = go_on()
    assert ended.code == 0, ended.err
    target.require_whole()


def test_a_full_disk_of_the_server_ends_the_restore_with_the_way_out(target: Target) -> None:
    """The file of a table that the writer has not come to yet is put on a device that is always full."""
    with target.writing() as go_on:
        others = "SELECT relation::regclass FROM pg_locks WHERE relation::regclass::text IN ('fast', 'slow')"
        (writing,) = set(target.server.sql(others, target.database).splitlines())
        path = target.server.sql(f"SELECT pg_relation_filepath('{writing}_pkey')", target.database)
        print(writing, path)
        ended = go_on()
    require_told(ended, 9, "No space left")
