from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from tests.postgres_zoo.dump import differences, normalised_dump
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import OWNER, RESTORER, SUPERUSERS, archive_of, make_roles, make_shop, toc_of
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import database_of, opened
from tests.transforms.postgres.waiting import await_lock
from transforms.errors import IntegrityError, RefusedError, UnreachableError
from transforms.postgres.archive import part as archive_part
from transforms.postgres.archive.toc import PRE_DATA, Entry, Toc, parse
from transforms.postgres.objects import ledger, post_data
from transforms.postgres.objects.failure import left_out
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.plan import ArchivePlan, plan
from transforms.postgres.objects.renames import EVERYTHING
from transforms.postgres.objects.step import Step
from transforms.postgres.objects.step_runner import StepRunner
from transforms.postgres.restore import make as archive_restore
from transforms.postgres.restore.make import Rehearsal
from transforms.postgres.restore.preflight import list_objects
from transforms.postgres.server import session_pool
from transforms.postgres.server.session import Connection

OURS = ledger.Restoration("restore-1", "backup-1")
NewDatabase = Callable[..., str]


@pytest.fixture(scope="module")
def toc(postgres: PostgresServer) -> Iterator[Toc]:
    with module_database(postgres) as database:
        make_shop(postgres, database, SUPERUSERS)
        yield toc_of(postgres, database)


def planned(toc: Toc, is_superuser: bool = True) -> ArchivePlan:
    return plan(toc, archive_part.whole(toc), Owning(), EVERYTHING, is_superuser)


def run_all(
    server: PostgresServer, database: str, steps: ArchivePlan, user: str = "postgres", jobs: int = 3
) -> Rehearsal:
    """A restore without rows; every phase twice."""
    where = database_of(server, database, user)
    with opened(server, database, user) as connection:
        tried = archive_restore.rehearse(connection, steps, OURS)
        for _ in range(2):
            archive_restore.make(connection, steps, OURS, tried)
        for _ in range(2):
            post_data.run(
                where, steps.session, [step for step in steps.post_data if step.name not in tried.skipped], jobs
            )
        archive_restore.close(connection, steps, OURS, [], lambda runner: None, lambda failures: "")
        ledger.drop(connection)
    session_pool.close_idle(where)
    return tried


def test_a_rehearsal_leaves_nothing(postgres: PostgresServer, toc: Toc, new_database: NewDatabase) -> None:
    with opened(postgres, new_database(postgres)) as connection:
        tried = archive_restore.rehearse(connection, planned(toc), OURS)
        assert tried.told == []
        assert list(list_objects(connection)) == []
        assert ledger.find(connection) is None


def test_a_plan_of_some_steps_has_them_in_their_parts_and_their_order(toc: Toc) -> None:
    whole = planned(toc)
    names = [step.name for step in (*whole.pre_data, *whole.later)][::2]
    some = whole.only({*names, "of no step"})
    assert [step.name for step in (*some.pre_data, *some.later)] == names
    assert set(some.pre_data) <= set(whole.pre_data)
    assert (some.session, some.entries) == (whole.session, whole.entries)


def test_the_objects_are_those_of_the_source_also_when_every_phase_runs_twice(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    source, copy = new_database(postgres), new_database(postgres)
    make_shop(postgres, source, "TRUNCATE shop.orders, shop.lines, shop.moods, shop.\"Odd name\";"
              "REFRESH MATERIALIZED VIEW shop.total WITH NO DATA;"
              "ALTER SEQUENCE shop.free_numbers RESTART; ALTER SEQUENCE shop.lines_id_seq RESTART;"
              "ALTER SEQUENCE shop.orders_id_seq RESTART;" + SUPERUSERS)  # fmt: skip
    run_all(postgres, copy, planned(toc_of(postgres, source)))
    client = postgres.binaries
    assert differences(normalised_dump(client, postgres.url(source)), normalised_dump(client, postgres.url(copy))) == []


def test_what_a_role_may_not_make_is_told_by_the_server_and_left_out(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    postgres.sql(f"ALTER DATABASE {database} OWNER TO {RESTORER}")
    tried = run_all(postgres, database, planned(toc, is_superuser=False), RESTORER)
    told = {line.split(":")[0] for line in tried.told}
    assert told == {"PUBLICATION everything", "EVENT TRIGGER looking", "owner of FUNCTION shop.look()"}
    assert "superuser" in tried.told[0]
    assert tried.missing_tables == []
    # Row security is forced, and still the foreign key could be checked.
    kinds = "SELECT contype FROM pg_constraint WHERE conrelid = 'shop.lines'::regclass AND contype IN ('f', 'p')"
    assert sorted(postgres.sql(kinds, database).splitlines()) == ["f", "p"]
    forced = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'shop.lines'::regclass"
    assert postgres.sql(forced, database) == "t|t"


def test_what_needs_something_that_fails_is_told_as_such(postgres: PostgresServer, new_database: NewDatabase) -> None:
    source = new_database(postgres)
    postgres.sql("CREATE TYPE public.kind AS ENUM ('a'); CREATE TABLE public.of_kind (k public.kind PRIMARY KEY);"
                 "COMMENT ON TABLE public.of_kind IS 'x'; CREATE TABLE public.free (i int)", source)  # fmt: skip
    broken = toc_of(postgres, source)
    entries = [
        replace(entry, statement="CREATE TYPE public.kind AS OF_THE_FUTURE") if entry.kind == "TYPE" else entry
        for entry in broken.entries
    ]
    with opened(postgres, new_database(postgres)) as connection:
        tried = archive_restore.rehearse(connection, planned(replace(broken, entries=tuple(entries))), OURS)
    assert [line.split(":")[0] for line in tried.told] == [
        "TYPE public.kind", "TABLE public.of_kind", "CONSTRAINT public.of_kind of_kind_pkey",
    ]  # fmt: skip
    assert "syntax error" in tried.told[0]
    assert tried.told[1] == "TABLE public.of_kind: needs TYPE public.kind."
    assert tried.missing_tables == ["TABLE public.of_kind: needs TYPE public.kind."]


def test_an_extension_that_the_server_lacks_is_told(postgres: PostgresServer, new_database: NewDatabase) -> None:
    database = new_database(postgres)
    toc = toc_of(postgres, database)
    create = "CREATE EXTENSION IF NOT EXISTS of_dreams;\n"
    lacking = Entry(999999, 0, 0, "EXTENSION", "", "of_dreams", "", PRE_DATA, create, "", ())
    with opened(postgres, database) as connection:
        tried = archive_restore.rehearse(connection, planned(replace(toc, entries=(*toc.entries, lacking))), OURS)
    assert len(tried.told) == 1
    assert 'extension "of_dreams" is not available' in tried.told[0]


def test_an_extension_that_is_there_is_used_and_left_as_it_is(
    postgres15: PostgresServer, new_database: NewDatabase
) -> None:
    source, copy = new_database(postgres15), new_database(postgres15)
    extension = "CREATE SCHEMA apart; CREATE EXTENSION hstore SCHEMA apart; COMMENT ON EXTENSION hstore IS 'ours'"
    for database in (source, copy):
        postgres15.sql(extension, database)
    postgres15.sql("CREATE TABLE public.pairs (p apart.hstore)", source)
    make_roles(postgres15)
    postgres15.sql(f"ALTER DATABASE {copy} OWNER TO {RESTORER}; GRANT postgres TO {RESTORER}")
    try:
        tried = run_all(postgres15, copy, planned(toc_of(postgres15, source), is_superuser=False), RESTORER)
    finally:
        postgres15.sql(f"REVOKE postgres FROM {RESTORER}")
    assert tried.told == []
    assert len(tried.present) == 4  # the schema and the extension, the schema's owner and the extension's comment
    assert postgres15.sql("SELECT count(*) FROM public.pairs", copy) == "0"


def test_a_step_that_fails_in_earnest_ends_the_transaction_and_names_itself(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    with opened(postgres, database) as connection:
        steps = planned(toc)
        bad = replace(steps.pre_data[-1], title="TABLE shop.bad", statement=b"CREATE TABLE shop.bad (i no_such_type)")
        with pytest.raises(Exception, match=r'TABLE shop.bad: type "no_such_type" does not exist'):
            archive_restore.make(connection, replace(steps, pre_data=(*steps.pre_data, bad)), OURS, Rehearsal())
        assert list(list_objects(connection)) == []
        assert ledger.find(connection) is None


@pytest.mark.parametrize("words", ["COMMIT", "COMMIT AND CHAIN", "ROLLBACK", "SELECT 1; COMMIT; BEGIN"])
def test_a_step_that_ends_its_transaction_is_an_error_in_a_rehearsal_and_in_earnest(
    postgres: PostgresServer, new_database: NewDatabase, words: str
) -> None:
    escaping = Step("1", "TABLE shop.bad", words.encode())
    steps = replace(planned(Toc("", "", ())), pre_data=(escaping,))
    with opened(postgres, new_database(postgres)) as connection:
        with pytest.raises(IntegrityError, match="ended the transaction"):
            archive_restore.rehearse(connection, steps, OURS)
        assert connection.info.transaction_status == TransactionStatus.IDLE
    with (
        opened(postgres, new_database(postgres)) as connection,
        pytest.raises(IntegrityError, match="ended the transaction"),
    ):
        archive_restore.make(connection, steps, OURS, Rehearsal())


def test_a_transaction_that_another_one_follows_is_no_whole_rehearsal(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    """A step that may exist is tried behind a savepoint; this one makes the savepoint anew."""
    words = b'COMMIT; BEGIN; SAVEPOINT "_pg3_1"'
    steps = replace(planned(Toc("", "", ())), pre_data=(Step("1", "TABLE shop.bad", words),))
    with (
        opened(postgres, new_database(postgres)) as connection,
        pytest.raises(IntegrityError, match="What was tried ended the transaction"),
    ):
        archive_restore.rehearse(connection, steps, OURS)


def test_bytes_that_are_not_utf8_and_parameters_of_a_body_go_through_the_extended_protocol(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    words = (
        b'CREATE FUNCTION public."\xf6"(int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT $1 * 2; END;'
        b"COMMENT ON FUNCTION public.\"\xf6\"(int) IS '100%; \xff'"
    )
    database = new_database(postgres, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with opened(postgres, database) as connection:
        with connection.transaction():
            StepRunner(connection).run([Step("1", "a function", words)])
        query = b'SELECT public."\xf6"(21), pg_catalog.obj_description(\'public."\xf6"\'::regproc)'
        assert connection.execute(query).fetchone() == (42, "100%; \udcff")


def test_an_interrupted_end_goes_on_where_it_was(postgres: PostgresServer, toc: Toc, new_database: NewDatabase) -> None:
    database = new_database(postgres)
    where, steps = database_of(postgres, database), planned(toc)
    with opened(postgres, database) as connection:
        archive_restore.make(connection, steps, OURS, Rehearsal())
        half = len(steps.post_data) // 2
        failing = replace(steps.post_data[half], statement=b"SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(UnreachableError, match=r"terminating connection|closed the connection"):
            post_data.run(where, steps.session, [*steps.post_data[:half], failing, *steps.post_data[half + 1 :]], 2)
        assert post_data.run(where, steps.session, steps.post_data, 2) == []
        archive_restore.close(connection, steps, OURS, [], lambda runner: None, lambda failures: "")
        ledger.drop(connection)
    session_pool.close_idle(where)
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'shop'"
    assert postgres.sql(indexes, database) == "6"


@contextmanager
def waiting_for(
    holder: Connection, server: PostgresServer, other: Connection, call: Callable[[], None]
) -> Iterator[None]:
    """What `call` does in the session `other` waits, while the block runs, for the holder of the restore's lock.

    What `call` raises is raised when the block has ended and it has been waited for.
    """
    with ThreadPoolExecutor(1) as pool:
        with holder.transaction():
            ledger.lock(holder)
            future = pool.submit(call)
            await_lock(server, other.info.backend_pid)
            yield
        future.result(120)


def test_who_ends_a_restore_that_another_call_has_ended_meanwhile_changes_nothing(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase
) -> None:
    database, steps = new_database(postgres), planned(toc)
    with opened(postgres, database) as first, opened(postgres, database) as second:
        archive_restore.make(first, steps, OURS, Rehearsal())

        def close() -> None:
            archive_restore.close(second, steps, OURS, [], lambda runner: None, lambda failures: "second")

        with waiting_for(first, postgres, second, close):
            ledger.clear(first)
            ledger.end(first, "first")
        assert ledger.last_word(second, OURS.id) == "first"
        assert second.info.transaction_status == TransactionStatus.IDLE
    owners = "SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relowner <> 10"
    assert postgres.sql(owners, database) == "0"  # they are given in the end: by the first call, had it been whole


@pytest.mark.parametrize("is_ended", [True, False])
def test_who_makes_objects_after_another_call_or_another_restore_adds_none(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase, is_ended: bool
) -> None:
    database, steps = new_database(postgres), planned(toc)
    begun = OURS if is_ended else ledger.Restoration("restore-2", "backup-2")
    said = nullcontext() if is_ended else pytest.raises(RefusedError, match=r"backup-2: the restore restore-2 was not")
    with opened(postgres, database) as first, opened(postgres, database) as second:

        def make() -> None:
            archive_restore.make(second, steps, OURS, Rehearsal())

        with said, waiting_for(first, postgres, second, make):
            ledger.create(first, begun)
            if is_ended:
                ledger.clear(first)
                ledger.end(first, "first")
        assert ledger.find(first) == (None if is_ended else begun)
    assert postgres.sql("SELECT to_regnamespace('shop') IS NULL", database) == "t"


def test_event_triggers_see_nothing_of_the_restore(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    run_all(postgres, database, planned(toc))  # the trigger raises an exception at whatever is dropped
    assert postgres.sql("SELECT evtname FROM pg_event_trigger", database) == "looking"
    assert postgres.sql("SELECT to_regnamespace('shardkeep_restore') IS NULL", database) == "t"


def test_a_deadlock_is_tried_again(postgres: PostgresServer, new_database: NewDatabase) -> None:
    database = new_database(postgres)
    where = database_of(postgres, database)
    postgres.sql("CREATE SEQUENCE public.tries; CREATE TABLE public.done (i int)", database)
    code = """DO $$ BEGIN IF nextval('public.tries') < 3 THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected';
              END IF; INSERT INTO public.done VALUES (1); END $$"""
    with opened(postgres, database) as connection:
        ledger.create(connection, OURS)
    post_data.run(where, b"", [Step("1", "one", code.encode())], 2)
    session_pool.close_idle(where)
    assert postgres.sql("SELECT last_value, (SELECT count(*) FROM public.done) FROM public.tries", database) == "3|1"


def test_a_tenth_deadlock_is_a_failure_that_says_what_to_do(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    where = database_of(postgres, database)
    postgres.sql("CREATE SEQUENCE public.tries", database)
    code = """DO $$ BEGIN PERFORM nextval('public.tries');
              RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$"""
    with opened(postgres, database) as connection:
        ledger.create(connection, OURS)
    steps = [Step("1", "one", code.encode()), Step("2", "two", b"SELECT 1", ("1",)), Step("3", "three", b"SELECT 1")]
    failures = post_data.run(where, b"", steps, 2)
    session_pool.close_idle(where)
    told = left_out(failures)
    assert [str(each) for each in told] == [
        "one: deadlock detected. All 10 attempts ended so: other sessions lock the same tables. Find them in"
        " pg_stat_activity; when they have ended, run the statement yourself.",
        "two: needs one.",
    ]
    assert told[0].statement == f"{code};"
    assert postgres.sql("SELECT last_value FROM public.tries", database) == str(post_data.ATTEMPTS)
    assert postgres.sql("SELECT name FROM shardkeep_restore.step", database) == "3"


def test_indexes_are_attached_one_by_one_in_a_tree_of_partitions(
    postgres: PostgresServer, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    postgres.sql(
        "CREATE TABLE m (i int, j int) PARTITION BY LIST (i); CREATE TABLE o (i int PRIMARY KEY) PARTITION BY LIST (i);"
        "CREATE TABLE m_1 PARTITION OF m FOR VALUES IN (1) PARTITION BY LIST (j);"
        "CREATE TABLE m_2 PARTITION OF m DEFAULT;"
        "CREATE TABLE m_1_1 PARTITION OF m_1 DEFAULT; CREATE TABLE o_1 PARTITION OF o DEFAULT; CREATE INDEX ON m (j)",
        database,
    )
    toc = toc_of(postgres, database)
    numbers = {entry.tag: str(entry.number) for entry in toc.entries if entry.kind == "TABLE"}
    steps = {step.title: step for step in planned(toc).post_data if "INDEX ATTACH" in step.title}
    roots = {title: step.tables for title, step in steps.items()}
    tree, other = frozenset([numbers["m"]]), frozenset([numbers["o"]])
    names = ("m_1_j_idx", "m_2_j_idx", "m_1_1_j_idx", "o_1_pkey")
    assert roots == {f"INDEX ATTACH public.{name}": other if name == "o_1_pkey" else tree for name in names}
    assert not any(step.shares for step in steps.values())


def test_a_lost_connection_is_no_failure_of_a_step(
    postgres: PostgresServer, toc: Toc, new_database: NewDatabase
) -> None:
    steps = planned(toc)
    killing = replace(steps.pre_data[0], statement=b"SELECT pg_terminate_backend(pg_backend_pid())")
    with (
        opened(postgres, new_database(postgres)) as connection,
        pytest.raises(Exception, match=r"terminating connection|closed the connection"),
    ):
        archive_restore.rehearse(connection, replace(steps, pre_data=(killing, *steps.pre_data[1:])), OURS)


def test_an_archive_of_an_older_server_is_restored_by_a_newer_one(
    postgres15: PostgresServer, postgres18: PostgresServer, new_database: NewDatabase
) -> None:
    source, copy = new_database(postgres15), new_database(postgres18)
    make_shop(postgres15, source)
    make_roles(postgres18)
    tried = run_all(postgres18, copy, planned(toc_of(postgres15, source)))
    assert tried.told == []
    assert postgres18.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'", copy) == OWNER


def test_an_archive_of_a_newer_program_is_restored_by_an_older_server(
    postgres15: PostgresServer, postgres18: PostgresServer, new_database: NewDatabase
) -> None:
    source, copy = new_database(postgres15), new_database(postgres15)
    make_shop(postgres15, source)
    archive = archive_of(replace(postgres15, binaries=postgres18.binaries), source)
    assert run_all(postgres15, copy, planned(parse(archive))).told == []
    with psycopg.connect(postgres15.url(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM shop.orders").fetchone() == (0,)
