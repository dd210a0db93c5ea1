"""One snapshot for all sessions, at the worst moments that a server can offer."""

import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import database_of, new_role, opened
from tests.transforms.postgres.waiting import await_no_lock, waiting
from transforms.errors import NotFoundError, RefusedError, UnreachableError
from transforms.postgres.moment.kinds import moment_of
from transforms.postgres.moment.moment import Moment
from transforms.postgres.moment.snapshot import Holder, hold
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection

T = Name("public", "t")
MADE_ANEW = """
SET client_min_messages = warning;
DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO public;
CREATE TABLE t AS SELECT generate_series(1, 100) a;
CREATE TABLE "a 'T'" ();
"""
COUNT = "SELECT count(*) FROM public.t"
TABLES = b"""
SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname !~ '^(pg_|information_schema)'
"""


def list_tables(connection: Connection) -> list[Name]:
    return [Name(*row) for row in connection.execute(TABLES).fetchall()]


def count(connection: Connection) -> int:
    row = connection.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def own_database(postgres: PostgresServer) -> Iterator[Database]:
    name = "snapshots"
    postgres.sql(f"CREATE DATABASE {name}")
    yield database_of(postgres, name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(postgres: PostgresServer, own_database: Database) -> Database:
    """A database with a table of 100 rows and one with a strange name, and with nothing else."""
    postgres.sql(MADE_ANEW, own_database.name)
    return own_database


@contextmanager
def writer(database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(database.url(), autocommit=True) as session:
        yield session


def test_all_sessions_see_the_moment_while_a_writer_writes(postgres: PostgresServer, database: Database) -> None:
    with writer(database) as session, hold(database, list_tables) as moment:
        for added in range(1, 4):
            session.execute("INSERT INTO t SELECT generate_series(1, 50)")
            session.execute("DELETE FROM t WHERE a < 10")
            with opened(postgres, database.name) as reader, moment.entered(reader, [T]):
                assert (added, count(reader)) == (added, 100)
        with opened(postgres, database.name) as last:
            facts = moment.conclude(last)
    assert facts["snapshot"] == moment.snapshot
    assert facts["begin"]["wal_lsn"] != facts["end"]["wal_lsn"]
    assert facts["begin"]["time"] < facts["end"]["time"]
    assert facts["server_version"].startswith(str(postgres.binaries.major))


def test_a_transaction_in_flight_is_not_seen_when_it_commits(postgres: PostgresServer, database: Database) -> None:
    with writer(database) as session:
        session.execute("BEGIN; INSERT INTO t VALUES (0)")
        with hold(database, list_tables) as moment:
            session.execute("COMMIT")
            with opened(postgres, database.name) as reader, moment.entered(reader, [T]):
                assert count(reader) == 100


def test_a_moment_travels_to_workers(postgres: PostgresServer, database: Database) -> None:
    with hold(database, list_tables) as moment:
        copy: Moment = pickle.loads(pickle.dumps(moment))  # noqa: S301 - our own
        with opened(postgres, database.name) as reader, copy.entered(reader, [T]):
            assert count(reader) == 100


def test_a_session_reads_one_range_after_the_other(postgres: PostgresServer, database: Database) -> None:
    with hold(database, list_tables) as moment, opened(postgres, database.name) as reader:
        for _ in range(3):
            with moment.entered(reader, [T]):
                assert count(reader) == 100
        assert reader.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_tables_stay_while_the_snapshot_is_held(postgres: PostgresServer, database: Database) -> None:
    with hold(database, list_tables) as moment, waiting(postgres, database.name, "TRUNCATE t") as pid:
        # One that waits for the table comes first: a reader must not queue behind it.
        with opened(postgres, database.name) as reader, pytest.raises(RefusedError, match=rf"public\.t .*{pid}"):
            moment.enter(reader, [T])
        postgres.sql(f"SELECT pg_cancel_backend({pid})")
        await_no_lock(postgres, pid)
        with opened(postgres, database.name) as reader, moment.entered(reader, [T]):
            assert count(reader) == 100


def test_the_holder_lets_go_of_the_tables(postgres: PostgresServer, database: Database) -> None:
    with hold(database, list_tables):
        pass
    postgres.sql("SET lock_timeout = '10s'; TRUNCATE t", database.name)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RefusedError])
def test_the_holder_lets_go_whatever_happens(
    postgres: PostgresServer, database: Database, interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption), hold(database, list_tables):
        raise interruption
    postgres.sql("SET lock_timeout = '10s'; TRUNCATE t", database.name)
    assert "postgres-snapshot" not in {thread.name for thread in threading.enumerate()}


def test_a_table_that_is_being_changed_is_an_error_and_no_hang(postgres: PostgresServer, database: Database) -> None:
    with writer(database) as session:
        session.execute("BEGIN; ALTER TABLE t ADD b int")
        with pytest.raises(RefusedError, match=rf"public\.t \(locked by process {session.info.backend_pid}\)"):
            hold(database, list_tables, lock_seconds=0.05).__enter__()


def test_a_change_that_waits_is_an_error_and_no_hang(postgres: PostgresServer, database: Database) -> None:
    with writer(database) as session:
        session.execute("BEGIN; SELECT FROM t")
        with (
            waiting(postgres, database.name, "ALTER TABLE t ADD b int") as pid,
            pytest.raises(RefusedError, match=rf"public\.t \(a lock is awaited by process {pid}\)"),
        ):
            hold(database, list_tables, lock_seconds=0.05).__enter__()


def test_a_change_that_ends_in_time_is_waited_for(postgres: PostgresServer, database: Database) -> None:
    with writer(database) as session:
        session.execute("BEGIN; TRUNCATE t; INSERT INTO t VALUES (1), (2)")
        holder = Holder(database, list_tables, beat=30, lock_seconds=60)
        thread = threading.Thread(target=holder.__enter__)
        thread.start()
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass"
        while session.execute(query).fetchone() == (0,):
            continue
        session.execute("COMMIT")
        thread.join()
    try:
        with opened(postgres, database.name) as reader, holder.moment.entered(reader, [T]):
            assert count(reader) == 2
    finally:
        holder.__exit__(None, None, None)


def test_a_table_that_is_made_between_listing_and_snapshot_is_locked_too(
    postgres: PostgresServer, database: Database
) -> None:
    def listing(connection: Connection) -> list[Name]:
        found = list_tables(connection)
        calls.append(found)
        if len(calls) == 1:
            postgres.sql("CREATE TABLE late AS SELECT 1 a", database.name)
        return found

    calls: list[list[Name]] = []
    with hold(database, listing), waiting(postgres, database.name, "TRUNCATE late"):
        assert len(calls) == 4  # each attempt lists twice


def test_a_table_that_is_dropped_between_listing_and_lock_is_no_error(
    postgres: PostgresServer, database: Database
) -> None:
    def listing(connection: Connection) -> list[Name]:
        found = list_tables(connection)
        if Name("public", "gone") in found:
            postgres.sql("DROP TABLE gone", database.name)
        return found

    postgres.sql("CREATE TABLE gone ()", database.name)
    with hold(database, listing) as moment, opened(postgres, database.name) as reader, moment.entered(reader, [T]):
        assert count(reader) == 100


def test_tables_that_never_stay_the_same_are_an_error(postgres: PostgresServer, database: Database) -> None:
    def listing(connection: Connection) -> list[Name]:
        found = list_tables(connection)
        postgres.sql(f"CREATE TABLE t{len(found)} ()", database.name)
        return found

    with pytest.raises(RefusedError, match="made, dropped or renamed"):
        hold(database, listing).__enter__()


def test_a_table_that_may_not_be_read_is_an_error(postgres: PostgresServer, database: Database) -> None:
    with (
        new_role(postgres, database.name) as role,
        pytest.raises(UnreachableError, match="permission denied for table"),
    ):
        hold(database_of(postgres, database.name, role), list_tables).__enter__()


def test_a_plain_role_holds_a_snapshot_of_what_it_may_read(postgres: PostgresServer, database: Database) -> None:
    with new_role(postgres, database.name) as role:
        postgres.sql(f"GRANT SELECT ON t TO {role}", database.name)
        with (
            hold(database_of(postgres, database.name, role), lambda connection: [T]) as moment,
            opened(postgres, database.name, role) as reader,
            moment.entered(reader, [T]),
        ):
            assert count(reader) == 100


def test_a_holder_that_was_ended_fails_the_job(postgres: PostgresServer, database: Database) -> None:
    with Holder(database, list_tables, beat=30, lock_seconds=1) as holder:
        end_holder(postgres, database)
        with (
            opened(postgres, database.name) as reader,
            pytest.raises(UnreachableError, match=r"cannot be imported.*Start the backup again"),
        ):
            holder.moment.conclude(reader)


def test_a_loss_is_noticed_while_the_job_runs(
    postgres: PostgresServer, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with Holder(database, list_tables, beat=0.01, lock_seconds=1) as holder:
        end_holder(postgres, database)
        holder._thread.join()  # it ends when it has noticed
        assert "the session that holds the snapshot was lost" in caplog.text


def test_a_session_that_came_too_late_says_so_and_can_go_on(postgres: PostgresServer, database: Database) -> None:
    with hold(database, list_tables) as moment:
        pass
    with opened(postgres, database.name) as reader:
        with pytest.raises(UnreachableError, match="cannot be imported"):
            moment.enter(reader, [T])
        assert count(reader) == 100


def test_a_snapshot_of_another_database_is_not_taken(postgres: PostgresServer, database: Database) -> None:
    with (
        hold(database, list_tables) as moment,
        opened(postgres, "postgres") as reader,
        pytest.raises(UnreachableError, match="cannot be imported"),
    ):
        moment.enter(reader, [])


def test_another_snapshot_of_the_same_name_is_not_taken(postgres: PostgresServer, database: Database) -> None:
    """After a crash the server gives the same names again."""
    with hold(database, list_tables) as before, writer(database) as session:
        session.execute("INSERT INTO t VALUES (0)")
        with hold(database, list_tables) as after, opened(postgres, database.name) as reader:
            confused = Moment("snapshot", {}, after.snapshot, before.seen)
            with pytest.raises(UnreachableError, match="another snapshot has its name"):
                confused.enter(reader, [T])


def test_a_table_that_is_dropped_while_nobody_holds_it_is_not_found(
    postgres: PostgresServer, database: Database
) -> None:
    with (
        hold(database, lambda connection: []) as moment,
        opened(postgres, database.name) as reader,
    ):
        postgres.sql("DROP TABLE t", database.name)
        with pytest.raises(NotFoundError, match=r"public\.t"):
            moment.enter(reader, [T])


def test_many_tables_are_locked_in_batches(
    postgres: PostgresServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.postgres.moment.table_locks.BATCH", 3)
    names = [Name("public", f"T {number}") for number in range(10)]
    postgres.sql("; ".join(f'CREATE TABLE "{name.name}" ()' for name in names), database.name)
    with hold(database, lambda connection: names):
        query = "SELECT count(*) FROM pg_locks JOIN pg_class ON oid = relation WHERE relname LIKE 'T %'"
        assert postgres.sql(query, database.name) == "10"


def test_partitions_are_not_locked_with_their_parent(postgres: PostgresServer, database: Database) -> None:
    postgres.sql("CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT", database.name)
    with hold(database, lambda connection: [Name("public", "p")]):
        locked = postgres.sql("SELECT relname FROM pg_locks JOIN pg_class ON oid = relation WHERE relname ~ '^p1?$'",
                              database.name)  # fmt: skip
    assert locked == "p"


def test_fuzzy_reads_see_each_its_own_moment(postgres: PostgresServer, database: Database) -> None:
    with moment_of("fuzzy", database, list_tables) as moment, opened(postgres, database.name) as reader:
        postgres.sql("DELETE FROM t WHERE a > 60", database.name)
        with moment.entered(reader, [T]):
            assert count(reader) == 60
            postgres.sql("DELETE FROM t", database.name)
            assert count(reader) == 60
        assert moment.conclude(reader)["snapshot"] is None


def end_holder(server: PostgresServer, database: Database) -> None:
    with psycopg.connect(server.url(database.name)) as session:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = %s"
        assert session.execute(query, [database.name, "shardkeep snapshot"]).fetchall() == [(True,)]
