"""Sessions of real servers that have none left: who waits for one, and who is told at once."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.servers.postgres_server import SUPERUSER, PostgresServer, newest, running
from tests.transforms.postgres.sessions import database_of, new_role
from transforms.errors import NotFoundError, UnreachableError
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection, connect, end
from transforms.postgres.server.session_pool import PATIENCE, PAUSES, Wait, close_idle, lent

ASKING_AGAIN = "Asking again for 120 s."


@pytest.fixture
def crowded(postgres18: PostgresServer) -> Iterator[Database]:
    """A database, as a role sees it that may have one session."""
    with new_role(postgres18, "postgres", "LOGIN CONNECTION LIMIT 1") as role:
        database = database_of(postgres18, "postgres", role)
        yield database
        close_idle(database)


def pid(connection: Connection) -> int:
    return connection.info.backend_pid


def never(seconds: float) -> None:
    raise AssertionError(f"a pause of {seconds} s")


def test_a_session_that_somebody_ends_is_waited_for(crowded: Database, caplog: pytest.LogCaptureFixture) -> None:
    other, pauses = connect(crowded, purpose="other"), list[float]()

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            end(other)

    with caplog.at_level(logging.WARNING, "shardkeep"), lent(crowded, "test", wait=wait) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert len(pauses) == 3
    assert all(PAUSES[0] <= seconds <= PAUSES[1] for seconds in pauses)
    assert len(set(pauses)) == 3
    assert [record.message.count(ASKING_AGAIN) for record in caplog.records] == [1]
    assert "too many connections for role" in caplog.text


def test_a_session_that_this_process_gives_back_is_waited_for(crowded: Database) -> None:
    with ExitStack() as stack:
        first, pauses = pid(stack.enter_context(lent(crowded, "test"))), list[float]()

        def wait(seconds: float) -> None:
            pauses.append(seconds)
            stack.close()

        with lent(crowded, "test", wait=wait) as connection:
            assert (pid(connection), len(pauses)) == (first, 1)


def test_a_session_that_the_server_has_ended_is_not_lent_again(postgres18: PostgresServer) -> None:
    database = database_of(postgres18, "postgres")
    with lent(database, "test") as first, lent(database, "test") as second:
        ended, alive = pid(second), pid(first)
    postgres18.sql(f"SELECT pg_terminate_backend({ended}, 60000)")  # returns when its process is gone
    with lent(database, "test") as connection, lent(database, "test") as another:
        lent_now = {pid(connection), pid(another)}
        assert connection.execute("SELECT 1").fetchone() == another.execute("SELECT 1").fetchone() == (1,)
    close_idle(database)
    assert alive in lent_now
    assert ended not in lent_now


def test_a_look_at_a_session_sends_the_server_nothing(postgres18: PostgresServer, tmp_path: Path) -> None:
    database = database_of(postgres18, "postgres")
    with lent(database, "test") as connection:
        traced = connection.pgconn
    with (tmp_path / "trace").open("wb") as trace:
        traced.trace(trace.fileno())
        with lent(database, "test") as connection:
            assert connection.pgconn is traced
        traced.untrace()
    assert (tmp_path / "trace").read_bytes() == b""
    close_idle(database)


# It lends a session, forks, and uses the one that the pool lends in both processes at once.
FORKER = """
import os, sys
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.session_pool import lent
database = parse_database(sys.argv[1])
def answer():
    with lent(database, "test") as connection:
        return [connection.execute("SELECT pg_backend_pid(), %s", [n]).fetchone() for n in range(100)]
((first, _), *_) = answer()
child = os.fork()
pids = answer()
assert [n for _, n in pids] == list(range(100))
assert {pid == first for pid, _ in pids} == {child != 0}, (first, pids)
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert answer()[0][0] == first
"""


def test_a_forked_process_has_sessions_of_its_own(postgres18: PostgresServer) -> None:
    command = [sys.executable, "-c", FORKER, postgres18.url("postgres")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_server_that_stays_full_is_given_up(crowded: Database) -> None:
    pauses: list[float] = []
    full = pytest.raises(UnreachableError, match="too many connections for role")
    with closing(connect(crowded, purpose="other")), full, lent(crowded, "test", wait=pauses.append):
        raise AssertionError("a second session")
    assert sum(pauses) == pytest.approx(PATIENCE)
    assert len(pauses) >= PATIENCE / PAUSES[1]


def test_who_does_not_wait_is_told_at_once(crowded: Database, caplog: pytest.LogCaptureFixture) -> None:
    full = pytest.raises(UnreachableError, match=r"too many connections for role.*Lower --max_connections")
    with closing(connect(crowded, purpose="other")), full, lent(crowded, "test", wait=None):
        raise AssertionError("a second session")
    assert not caplog.records


def test_what_does_not_pass_is_not_waited_for(postgres18: PostgresServer) -> None:
    missing, nobody = database_of(postgres18, "too many"), database_of(postgres18, "postgres", "too many")
    with pytest.raises(NotFoundError, match="too many"), lent(missing, "test", wait=never):
        raise AssertionError("a database of that name")
    with pytest.raises(UnreachableError, match="does not exist"), lent(nobody, "test", wait=never):
        raise AssertionError("a role of that name")


def test_both_ways_in_which_a_server_says_that_it_is_full_are_waited_for() -> None:
    """A few slots are kept for superusers: others are told so, and they themselves that all are taken."""
    settings = {"max_connections": "4", "superuser_reserved_connections": "2"}
    with running(newest(), settings) as server, ExitStack() as stack:
        server.sql("CREATE ROLE reader LOGIN")
        for user, words in (("reader", "connection slots are reserved"), (SUPERUSER, "too many clients")):
            database = database_of(server, "postgres", user)
            held, said = fill(stack, database)
            assert words in said
            with lent(database, "test", keep=False, wait=ending(held)) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def fill(stack: ExitStack, database: Database) -> tuple[Connection, str]:
    """One of as many sessions as the server gives, and what it says of one more."""
    held: list[Connection] = []
    while True:
        try:
            held.append(stack.enter_context(closing(connect(database, purpose="other"))))
        except UnreachableError as error:
            return held[0], str(error)


def ending(session: Connection) -> Wait:
    return lambda seconds: end(session)
