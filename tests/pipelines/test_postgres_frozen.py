"""Commands whose server keeps its connections and says nothing: they end with exit code 9 and say so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipelines.postgres_runs import backup, restore
from tests.servers.postgres_server import PostgresServer
from tests.servers.relay import Relay, relayed

NewDatabase = Callable[..., str]
ROWS = """
    CREATE TABLE t (i int PRIMARY KEY, x text);
    INSERT INTO t SELECT i, md5(i::text) || md5((-i)::text) FROM generate_series(1, 100000) i;
"""
INSIDE = 4_000_000
"""Bytes that have passed when rows do: there are 7 MB of them, and little else."""
OPTIONS = ("--idle_timeout=2s", "--chunk_size=64KiB")


@pytest.fixture
def source(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    name = new_database(postgres18)
    postgres18.sql(ROWS, name)
    return name


@pytest.fixture
def relay(postgres18: PostgresServer) -> Iterator[Relay]:
    with relayed(postgres18.port) as relay:
        yield relay


def through(relay: Relay, name: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{relay.port}/{name}?connect_timeout=2"


def test_a_backup_whose_rows_stop_coming_ends_and_is_none(source: str, relay: Relay, tmp_path: Path) -> None:
    relay.freeze_after(INSIDE)
    ended = backup(tmp_path / "v", through(relay, source), *OPTIONS)
    assert relay.froze.is_set()
    assert ended.code == 9, ended.err
    assert "Nothing was heard of the server for 2 s (--idle_timeout)" in ended.err
    assert not list(tmp_path.rglob("MANIFEST.json"))


def test_a_restore_whose_rows_nobody_takes_ends_and_says_what_it_left(
    postgres18: PostgresServer, source: str, relay: Relay, new_database: NewDatabase, tmp_path: Path
) -> None:
    target, vault = new_database(postgres18), tmp_path / "v"
    assert backup(vault, postgres18.url(source), "--chunk_size=64KiB").code == 0
    relay.freeze_after(INSIDE)
    ended = restore(vault, through(relay, target), "--idle_timeout=2s")
    assert relay.froze.is_set()
    assert ended.code == 9, ended.err
    assert "Nothing was heard of the server for 2 s (--idle_timeout)" in ended.err
    assert "What the restore has left is not known" in ended.err
    assert postgres18.sql("SELECT to_regclass('shardkeep_restore.restore') IS NOT NULL", target) == "t"
