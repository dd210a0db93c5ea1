"""Sources that stand still, and those that only seem to: a real standby, and a server that nobody uses."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer, _server_user, running, started
from tests.transforms.postgres.sessions import database_of, new_role, opened
from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.moment.frozen_source import frozen
from transforms.postgres.moment.kinds import moment_of
from transforms.postgres.moment.moment import Moment
from transforms.postgres.moment.snapshot import hold
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection

T, U = Name("public", "t"), Name("public", "u")
NAME = "postgres"
PREPARING = {"max_prepared_transactions": "2"}
MADE_ANEW = """
DROP TABLE IF EXISTS t, u;
CREATE TABLE t AS SELECT generate_series(1, 100) a;
CREATE TABLE u ();
"""
CAUGHT_UP = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
STATE = "SELECT pg_get_wal_replay_pause_state()"


def list_tables(connection: Connection) -> list[Name]:
    return [T, U]


def count(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM public.t").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def standby_of(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A standby that streams from a primary."""
    with tempfile.TemporaryDirectory(prefix="shardkeep-standby-") as folder:
        user = _server_user()
        if user:
            os.chown(folder, user["user"], user["group"])
        data = Path(folder, "data")
        primary.client("pg_basebackup", "-D", str(data), "-R", "-c", "fast", "-X", "stream", cwd="/", **user)
        with started(primary.binaries, data, PREPARING) as standby:
            yield standby


@pytest.fixture(scope="module")
def pair(postgres18: PostgresServer) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its standby, which wait for nobody."""
    with ExitStack() as stack:
        primary = stack.enter_context(running(postgres18.binaries, PREPARING))
        primary.sql("CREATE TABLE t AS SELECT generate_series(1, 100) a; CREATE TABLE u ()")
        yield primary, stack.enter_context(standby_of(primary))


@pytest.fixture
def primary(pair: tuple[PostgresServer, PostgresServer]) -> PostgresServer:
    run_alone(pair[0], NAME, "TRUNCATE t; INSERT INTO t SELECT generate_series(1, 100)")
    return pair[0]


@pytest.fixture
def standby(pair: tuple[PostgresServer, PostgresServer], primary: PostgresServer) -> PostgresServer:
    """The standby, paused where the primary is."""
    replay(pair[1], primary)
    pause(pair[1])
    return pair[1]


def pause(standby: PostgresServer) -> None:
    with psycopg.connect(standby.url(), autocommit=True) as session:
        session.execute("SELECT pg_wal_replay_pause()")
        while session.execute(STATE).fetchone() != ("paused",):
            continue


def replay(standby: PostgresServer, primary: PostgresServer) -> None:
    """Let the standby replay all that the primary has written."""
    target = primary.sql("SELECT pg_current_wal_flush_lsn()")
    with psycopg.connect(standby.url(), autocommit=True) as session:
        session.execute("SELECT pg_wal_replay_resume()")
        while session.execute(CAUGHT_UP, [target]).fetchone() != (True,):
            continue


def test_a_paused_standby_stands_still_while_its_primary_goes_on(
    primary: PostgresServer, standby: PostgresServer
) -> None:
    database = database_of(standby, NAME)
    with moment_of("frozen-source", database, list_tables) as moment:
        primary.sql("INSERT INTO t SELECT generate_series(1, 50)")
        for _ in range(2):
            with opened(standby, NAME) as reader, moment.entered(reader, [T]):
                assert count(reader) == 100
        with opened(standby, NAME) as last:
            facts = moment.conclude(last)
    assert facts["begin"]["in_recovery"]
    assert facts["begin"]["wal_lsn"] == facts["end"]["wal_lsn"]
    assert moment.consistency == "frozen-source"


def test_a_standby_that_replays_is_refused(primary: PostgresServer, standby: PostgresServer) -> None:
    replay(standby, primary)
    with pytest.raises(RefusedError, match=r"pg_wal_replay_pause"):
        frozen(database_of(standby, NAME), list_tables).__enter__()


def test_a_replay_that_resumes_between_two_readers_is_caught(primary: PostgresServer, standby: PostgresServer) -> None:
    with frozen(database_of(standby, NAME), list_tables) as moment, opened(standby, NAME) as reader:
        with moment.entered(reader, [T]):
            assert count(reader) == 100
        primary.sql("INSERT INTO t VALUES (0)")
        replay(standby, primary)
        pause(standby)  # it stands still again, but elsewhere
        with pytest.raises(IntegrityError, match="replay went on while it was read"):
            moment.enter(reader, [T])
        with pytest.raises(IntegrityError, match="replay went on while it was read"):
            moment.conclude(reader)
        assert reader.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_replay_that_resumes_under_a_reader_is_caught(primary: PostgresServer, standby: PostgresServer) -> None:
    with frozen(database_of(standby, NAME), list_tables) as moment, opened(standby, NAME) as reader:
        moment.enter(reader, [T])
        assert count(reader) == 100
        primary.sql("INSERT INTO t VALUES (0)")
        replay(standby, primary)
        with pytest.raises(IntegrityError, match="replay went on while it was read"):
            moment.leave(reader, [T])


def test_a_standby_shares_a_snapshot_too(primary: PostgresServer, standby: PostgresServer) -> None:
    replay(standby, primary)
    with hold(database_of(standby, NAME), list_tables) as moment, opened(standby, NAME) as reader:
        primary.sql("INSERT INTO t VALUES (0)")
        replay(standby, primary)
        with moment.entered(reader, [T]):
            assert count(reader) == 100
        facts = moment.conclude(reader)
    assert facts["begin"]["in_recovery"]
    assert facts["begin"]["wal_lsn"] != facts["end"]["wal_lsn"]


def test_a_standby_that_is_promoted_is_no_frozen_source_any_more(primary: PostgresServer) -> None:
    with standby_of(primary) as standby:
        pause(standby)
        with frozen(database_of(standby, NAME), list_tables) as moment, opened(standby, NAME) as reader:
            standby.sql("SELECT pg_promote()")
            with pytest.raises(IntegrityError, match="promoted"):
                moment.enter(reader, [T])


@pytest.fixture(scope="module")
def own_clone(postgres: PostgresServer) -> Iterator[Database]:
    name = "clones"
    postgres.sql(f"CREATE DATABASE {name}")
    yield database_of(postgres, name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clone(postgres: PostgresServer, own_clone: Database) -> Database:
    """A database with a table of 100 rows and an empty one, and with nobody in it."""
    run_alone(postgres, own_clone.name, MADE_ANEW)
    return own_clone


def run_alone(server: PostgresServer, database: str, statements: str) -> None:
    """Run statements in a session of their own, and return when the server has noticed its end."""
    with psycopg.connect(server.url(database), autocommit=True) as session:
        session.execute(statements.encode())
        pid = session.info.backend_pid
    with psycopg.connect(server.url("template1"), autocommit=True) as observer:
        while observer.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() != (0,):
            continue


def test_a_clone_that_nobody_uses_stands_still(postgres: PostgresServer, clone: Database) -> None:
    with frozen(clone, list_tables) as moment, opened(postgres, clone.name) as other:
        assert other.execute("SELECT 1").fetchone() == (1,)  # a session of ours
        copy: Moment = pickle.loads(pickle.dumps(moment))  # noqa: S301 - our own
        with opened(postgres, clone.name) as reader:
            with copy.entered(reader, [T]):
                assert count(reader) == 100
            assert not copy.conclude(reader)["begin"]["in_recovery"]


def test_a_clone_in_use_is_refused(postgres: PostgresServer, clone: Database) -> None:
    with psycopg.connect(clone.url(), application_name="shop"), pytest.raises(RefusedError, match=r"\d+ \(shop\)"):
        frozen(clone, list_tables).__enter__()


def test_another_session_is_seen_without_the_right_to_see_what_it_does(
    postgres: PostgresServer, clone: Database
) -> None:
    with new_role(postgres, clone.name) as role:
        plain = database_of(postgres, clone.name, role)
        with frozen(plain, list_tables):
            pass
        with psycopg.connect(clone.url(), application_name="shop"), pytest.raises(RefusedError, match="shop"):
            frozen(plain, list_tables).__enter__()


def test_a_session_that_comes_meanwhile_is_caught(postgres: PostgresServer, clone: Database) -> None:
    with frozen(clone, list_tables) as moment, opened(postgres, clone.name) as reader:
        moment.enter(reader, [T])
        with (
            psycopg.connect(clone.url(), application_name="shop"),
            pytest.raises(IntegrityError, match=r"Somebody uses the clone.*shop"),
        ):
            moment.leave(reader, [T])


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO t VALUES (0)",
        "UPDATE t SET a = 0 WHERE a = 1",
        "DELETE FROM t WHERE a = 1",
        "ALTER TABLE t ADD b int",
    ],
)
def test_a_write_between_two_readers_is_caught(postgres: PostgresServer, clone: Database, change: str) -> None:
    with frozen(clone, list_tables) as moment, opened(postgres, clone.name) as reader:
        with moment.entered(reader, [T]):
            assert count(reader) == 100
        with moment.entered(reader, [U]):
            pass
        run_alone(postgres, clone.name, change)
        with pytest.raises(IntegrityError, match=r"Written to while the clone was read"):
            moment.enter(reader, [T])
        with pytest.raises(IntegrityError, match=r"Written to while the clone was read"):
            moment.conclude(reader)


def test_a_write_under_a_reader_is_caught(postgres: PostgresServer, clone: Database) -> None:
    with frozen(clone, list_tables) as moment, opened(postgres, clone.name) as reader:
        moment.enter(reader, [T])
        run_alone(postgres, clone.name, "INSERT INTO t VALUES (0)")
        with pytest.raises(IntegrityError, match=r"public\.t"):
            moment.leave(reader, [T])


@pytest.mark.parametrize("change", ["TRUNCATE u", "VACUUM FULL u", "SELECT lo_from_bytea(0, 'x')"])
def test_a_table_is_rewritten_or_a_large_object_made_behind_our_back(
    postgres: PostgresServer, clone: Database, change: str
) -> None:
    with frozen(clone, list_tables) as moment, opened(postgres, clone.name) as reader:
        run_alone(postgres, clone.name, change)
        with pytest.raises(IntegrityError, match="Written to"):
            moment.conclude(reader)


def test_a_prepared_transaction_may_still_write(primary: PostgresServer) -> None:
    run_alone(primary, NAME, "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'")
    try:
        with pytest.raises(RefusedError, match="prepared transaction p"):
            frozen(database_of(primary, NAME), list_tables).__enter__()
    finally:
        run_alone(primary, NAME, "ROLLBACK PREPARED 'p'")


def test_a_server_that_counts_no_writes_is_refused(postgres: PostgresServer, clone: Database) -> None:
    postgres.sql(f"ALTER DATABASE {clone.name} SET track_counts = off")
    try:
        with pytest.raises(RefusedError, match="track_counts"):
            frozen(clone, list_tables).__enter__()
    finally:
        postgres.sql(f"ALTER DATABASE {clone.name} RESET track_counts")
