import threading
from collections.abc import Callable, Iterator

import pytest
from psycopg.errors import UndefinedTable
from psycopg.pq import TransactionStatus

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import database_of, opened
from transforms.errors import RefusedError
from transforms.postgres.objects import ledger
from transforms.postgres.objects.ledger import Restoration
from transforms.postgres.server.session import Connection
from transforms.skipped import Skipped

OURS = Restoration("restore-1", "backup-1")


@pytest.fixture(scope="module")
def postgres(postgres18: PostgresServer) -> PostgresServer:
    """One server: what is asked of it has not changed for long."""
    return postgres18


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as name:
        yield name


@pytest.fixture
def connection(postgres: PostgresServer, database: str) -> Iterator[Connection]:
    with opened(postgres, database) as connection:
        ledger.create(connection, OURS)
        yield connection
        ledger.drop(connection)


def test_a_database_without_a_ledger_has_none(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as connection:
        assert ledger.find(connection) is None
        ledger.require_ours(connection, OURS, database_of(postgres, database))


def test_a_ledger_says_whose_it_is(connection: Connection) -> None:
    assert ledger.find(connection) == OURS


def test_another_restore_is_told_how_to_go_on(postgres: PostgresServer, database: str, connection: Connection) -> None:
    with pytest.raises(
        RefusedError, match=r"a part of the backup backup-1.*restore-1.*DROP DATABASE.*shardkeep_restore"
    ):
        ledger.require_ours(connection, Restoration("restore-2", "backup-1"), database_of(postgres, database))


def test_a_step_is_claimed_once(connection: Connection) -> None:
    assert ledger.claim_steps(connection, ["12 owner", "12"]) == {"12 owner", "12"}
    assert ledger.claim_steps(connection, ["13", "12"]) == {"13"}
    assert ledger.done_steps(connection, ["14", "12 owner", "13"]) == {"12 owner", "13"}


def test_steps_are_locked_in_one_order_whoever_claims_them(connection: Connection) -> None:
    ledger.claim_steps(connection, ["b", "c", "a"])
    assert connection.execute("SELECT name FROM shardkeep_restore.step ORDER BY ctid").fetchall() == [
        ("a",), ("b",), ("c",),
    ]  # fmt: skip


def test_a_piece_begins_a_transaction_once(connection: Connection) -> None:
    name = "data/t'able/%s\\x.avro:0"
    assert ledger.begin_pieces(connection, [name], OURS.id) == {name}
    connection.execute("COMMIT")
    assert ledger.begin_pieces(connection, [name], OURS.id) == frozenset()
    assert connection.execute("SELECT name FROM shardkeep_restore.piece").fetchall() == [(name,)]


def test_a_piece_that_is_rolled_back_may_begin_again(connection: Connection) -> None:
    assert ledger.begin_pieces(connection, ["a:0"], OURS.id) == {"a:0"}
    connection.execute("ROLLBACK")
    assert ledger.begin_pieces(connection, ["a:0"], OURS.id) == {"a:0"}
    connection.execute("ROLLBACK")


@pytest.mark.parametrize(("ending", "is_theirs"), [("COMMIT", False), ("ROLLBACK", True)])
def test_who_begins_the_same_piece_waits_for_the_first(
    postgres: PostgresServer, database: str, connection: Connection, ending: str, is_theirs: bool
) -> None:
    answers = []
    with opened(postgres, database) as other:
        assert ledger.begin_pieces(connection, ["b:0"], OURS.id) == {"b:0"}
        thread = threading.Thread(target=lambda: answers.append(ledger.begin_pieces(other, ["b:0"], OURS.id)))
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        while postgres.sql(waiting) == "0":
            assert thread.is_alive()
        connection.execute(ending.encode())
        thread.join(120)
        assert answers == [frozenset({"b:0"} if is_theirs else ())]
        if is_theirs:
            other.execute("ROLLBACK")


def test_what_is_skipped_and_told_is_kept_in_order(connection: Connection) -> None:
    told = (Skipped("second things first", "a 'quote'", "SELECT '\\'", follows=True), Skipped("\udcff", "é"))
    ledger.note_skipped(connection, {"3", "1 owner"}, told)
    assert ledger.skipped(connection) == {"3", "1 owner"}
    assert ledger.told(connection) == told


def test_the_last_word_outlives_the_end_and_pieces_that_come_again_are_done(connection: Connection) -> None:
    assert ledger.last_word(connection, OURS.id) is None
    ledger.clear(connection)
    ledger.end(connection, "done")
    assert ledger.find(connection) is None
    assert ledger.last_word(connection, OURS.id) == "done"
    assert ledger.begin_pieces(connection, ["a:0"], OURS.id) == frozenset()
    assert connection.info.transaction_status == TransactionStatus.IDLE


def test_another_restore_s_last_word_is_nobody_else_s(
    postgres: PostgresServer, database: str, connection: Connection
) -> None:
    ledger.clear(connection)
    ledger.end(connection, "done")
    other = Restoration("restore-2", "backup-1")
    assert ledger.last_word(connection, other.id) is None
    with pytest.raises(UndefinedTable):
        ledger.begin_pieces(connection, ["a:0"], other.id)
    ledger.require_ours(connection, other, database_of(postgres, database))
    ledger.create(connection, other)  # which takes its place
    assert ledger.find(connection) == other
    assert ledger.last_word(connection, OURS.id) is None


def test_no_event_trigger_sees_the_ledger_go(postgres: PostgresServer, new_database: Callable[..., str]) -> None:
    database = new_database(postgres)
    with opened(postgres, database) as connection:
        ledger.create(connection, OURS)
        postgres.sql("CREATE FUNCTION public.look() RETURNS event_trigger LANGUAGE plpgsql AS"
                     " 'BEGIN RAISE EXCEPTION ''looked''; END';"
                     "CREATE EVENT TRIGGER looking ON sql_drop EXECUTE FUNCTION public.look()", database)  # fmt: skip
        ledger.drop(connection)
        assert ledger.find(connection) is None


def test_one_process_at_a_time_changes_objects(postgres: PostgresServer, database: str, connection: Connection) -> None:
    with opened(postgres, database) as other, other.transaction():
        ledger.lock(other)
        free = connection.execute("SELECT pg_try_advisory_lock(%s)", (ledger.LOCK,)).fetchone()
        assert free == (False,)
