"""A peer that keeps its connections and says nothing is given up; a server that works in silence is not."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer, newest, running
from tests.servers.relay import Relay, relayed
from tests.transforms.postgres.catalogs import relation
from tests.transforms.postgres.sessions import database_of, opened
from transforms.errors import RefusedError, UnreachableError
from transforms.key_range import KeyRange
from transforms.postgres.archive.client_programs import ClientProgram, run
from transforms.postgres.archive.dump import dump_schema
from transforms.postgres.ranges import read as read_range
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection, connect
from transforms.postgres.server.silence import Activity, Silence

LIMIT = 1.0
NewDatabase = Callable[..., str]


@pytest.fixture
def relay(postgres18: PostgresServer) -> Iterator[Relay]:
    with relayed(postgres18.port) as relay:
        yield relay


def through(relay: Relay, server: PostgresServer, name: str = "postgres") -> Database:
    return replace(database_of(server, name), port=relay.port, idle_timeout=LIMIT)


@pytest.fixture
def session(relay: Relay, postgres18: PostgresServer) -> Iterator[Connection]:
    with connect(through(relay, postgres18), purpose="test") as connection:
        yield connection


def test_a_statement_that_nobody_answers_is_given_up(session: Connection, relay: Relay) -> None:
    def ask() -> None:
        with translated("asking"), session.transaction():  # which does not wait again
            relay.freeze()
            session.execute("SELECT 1")

    with pytest.raises(UnreachableError, match=r"asking: Nothing was heard .*1 s \(--idle_timeout\).* second session"):
        ask()
    assert session.closed


def test_an_answer_that_is_swallowed_is_not_awaited_for_ever(session: Connection, relay: Relay) -> None:
    relay.freeze(new=False)
    with pytest.raises(psycopg.OperationalError, match="the server says that the session is idle"):
        session.execute("SELECT 1")


def test_a_session_that_the_server_ended_unheard_is_given_up(
    session: Connection, relay: Relay, postgres18: PostgresServer
) -> None:
    pid = session.execute("SELECT pg_backend_pid()").fetchone()
    relay.freeze(new=False)
    postgres18.sql(f"SELECT pg_terminate_backend({pid[0] if pid else 0}, 60000)")
    with pytest.raises(psycopg.OperationalError, match="no such session any more"):
        session.execute("SELECT 1")


def test_silence_is_no_reason_while_the_server_works(session: Connection) -> None:
    assert session.execute("SELECT pg_sleep(3), 7").fetchone() == ("", 7)


def test_a_wait_for_a_lock_may_last(session: Connection, postgres18: PostgresServer) -> None:
    looks = list[Activity]()
    silence = session.silence
    assert silence is not None
    assert silence.look is not None
    look = silence.look

    def noted() -> Activity:
        looks.append(look())
        if len(looks) > 2:
            other.execute("SELECT pg_advisory_unlock(11)")
        return looks[-1]

    silence.look = noted
    with psycopg.connect(postgres18.url(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(11)")
        session.execute("SELECT pg_advisory_lock(11)")
    assert [(each.state, each.waits_for) for each in looks] == [("active", "Lock")] * 3


def test_a_copy_that_nobody_takes_is_given_up(session: Connection, relay: Relay) -> None:
    session.execute("CREATE TEMPORARY TABLE t (t text)")
    rows = (b"x" * 1000 + b"\n") * 100_000  # more than sockets hold

    def load() -> None:
        with session.cursor().copy("COPY t FROM STDIN") as copy:
            relay.freeze(new=False)
            copy.write(rows)

    with pytest.raises(psycopg.OperationalError, match=r"Nothing was heard .*waiting for us"):
        load()
    assert session.closed


def test_rows_that_stop_coming_are_given_up(
    postgres18: PostgresServer, relay: Relay, new_database: NewDatabase
) -> None:
    name = new_database(postgres18)
    postgres18.sql("CREATE TABLE t AS SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 50000) i", name)
    with opened(postgres18, name) as direct:
        table = relation(direct, "public.t", "physical")
    with connect(through(relay, postgres18, name), purpose="test") as connection:
        batches = read_range.read(connection, table, KeyRange(table.space, b"", b""), 1 << 16)
        assert next(batches).rows > 0
        relay.freeze(new=False)
        with pytest.raises(UnreachableError, match=r"reading public\.t .*Nothing was heard .*waiting for us"):
            list(batches)
        assert connection.closed


def test_a_pg_dump_that_nobody_answers_is_ended(postgres18: PostgresServer, relay: Relay) -> None:
    relay.freeze_after(20_000)
    with pytest.raises(UnreachableError, match=r"pg_dump \(1\d\) with .*Nothing was heard .* second session"):
        dump_schema(through(relay, postgres18), postgres18.binaries.major)
    assert relay.froze.is_set()


def test_a_pg_dump_whose_server_has_no_session_for_it_is_ended(postgres18: PostgresServer, tmp_path: Path) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    database = replace(database_of(postgres18, "postgres"), idle_timeout=LIMIT)
    with pytest.raises(UnreachableError, match="no such session any more"):
        run(ClientProgram(str(program), 18), database, [])


def test_a_pg_dump_that_waits_for_a_lock_is_left_to_it(postgres18: PostgresServer, new_database: NewDatabase) -> None:
    name = new_database(postgres18)
    postgres18.sql("CREATE TABLE t (i int)", name)
    database = replace(database_of(postgres18, name), idle_timeout=LIMIT)
    with opened(postgres18, name) as other:
        other.execute("BEGIN; LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RefusedError, match=r"locked for 4 s"):
            dump_schema(database, postgres18.binaries.major, lock_seconds=4.0)


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """All processes of a server stand still."""
    os.kill(server.pid, signal.SIGSTOP)  # first: it starts no more of them
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    for pid in map(int, children):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (*map(int, children), server.pid):
            os.kill(pid, signal.SIGCONT)


def test_a_server_that_is_stopped_is_given_up_and_answers_later() -> None:
    with running(newest()) as server:
        database = replace(database_of(server, "postgres"), idle_timeout=LIMIT)
        with connect(database, purpose="test") as session:
            session.execute("SELECT 1")
            with stopped(server), pytest.raises(psycopg.OperationalError, match="Nothing was heard"):
                session.execute("SELECT 1")
        with connect(database, purpose="test") as again:
            assert again.execute("SELECT 1").fetchone() == (1,)


def test_what_is_no_work_is_seen_twice_before_it_counts() -> None:
    idle, later = Activity("idle", None, "1"), Activity("idle", None, "2")
    seen = iter([idle, later, Activity("active", "Lock", "3"), later, later])
    silence = Silence(5.0, lambda: next(seen))
    assert [silence.judge() for _ in range(4)] == [None, None, None, None]
    assert "5 s (--idle_timeout)" in (silence.judge() or "")


def test_a_server_that_takes_no_more_sessions_is_no_silent_one() -> None:
    def full() -> Activity:
        raise UnreachableError("FATAL: sorry, too many clients already")

    assert Silence(1.0, full).judge() is None
