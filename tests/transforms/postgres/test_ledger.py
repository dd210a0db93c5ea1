import threading
from collections.abc import Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.sessions import database_of, opened
from transforms.errors import RefusedError
from transforms.postgres import ledger
from transforms.postgres.ledger import Restoration
from transforms.postgres.session import Connection

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
    assert ledger.claim_step(connection, "12 owner")
    assert not ledger.claim_step(connection, "12 owner")


def test_a_piece_begins_a_transaction_once(connection: Connection) -> None:
    name = "data/t'able/%s\\x.avro:0"
    assert ledger.begin_piece(connection, name)
    connection.execute("COMMIT")
    assert not ledger.begin_piece(connection, name)
    assert connection.execute("SELECT name FROM shardkeep_restore.piece").fetchall() == [(name,)]


def test_a_piece_that_is_rolled_back_may_begin_again(connection: Connection) -> None:
    assert ledger.begin_piece(connection, "a:0")
    connection.execute("ROLLBACK")
    assert ledger.begin_piece(connection, "a:0")
    connection.execute("ROLLBACK")


@pytest.mark.parametrize(("ending", "is_theirs"), [("COMMIT", False), ("ROLLBACK", True)])
def test_who_begins_the_same_piece_waits_for_the_first(
    postgres: PostgresServer, database: str, connection: Connection, ending: str, is_theirs: bool
) -> None:
    answers = []
    with opened(postgres, database) as other:
        assert ledger.begin_piece(connection, "b:0")
        thread = threading.Thread(target=lambda: answers.append(ledger.begin_piece(other, "b:0")))
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        while postgres.sql(waiting) == "0":
            assert thread.is_alive()
        connection.execute(ending.encode())
        thread.join(30)
        assert answers == [is_theirs]
        if is_theirs:
            other.execute("ROLLBACK")


def test_what_is_skipped_and_told_is_kept_in_order(connection: Connection) -> None:
    ledger.note_skipped(connection, {"3", "1 owner"}, ["second things first", "a 'quote'"])
    assert ledger.skipped(connection) == {"3", "1 owner"}
    assert ledger.told(connection) == ("second things first", "a 'quote'")


def test_one_process_at_a_time_changes_objects(postgres: PostgresServer, database: str, connection: Connection) -> None:
    with opened(postgres, database) as other, other.transaction():
        ledger.lock(other)
        free = connection.execute("SELECT pg_try_advisory_lock(%s)", (ledger.LOCK,)).fetchone()
        assert free == (False,)
