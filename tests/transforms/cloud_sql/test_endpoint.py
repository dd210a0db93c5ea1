"""The proxies of a process: one for all threads, none for a fork, ended in time, and errors in their own words."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.cloud_sql_path import INSTANCE, StandIn, await_end, is_alive, put_on_path
from tests.servers.postgres_server import PostgresServer
from transforms.cloud_sql import child_process, proxy
from transforms.cloud_sql import endpoint as cloud_sql_endpoint
from transforms.cloud_sql.child_process import ChildProcess
from transforms.cloud_sql.endpoint import end_all, endpoint
from transforms.cloud_sql.instance import CloudSql
from transforms.errors import NotFoundError, UnreachableError, UsageError
from transforms.postgres.archive import dump as archive
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.session import connect, end

MAIN = CloudSql(INSTANCE)
# It opens an endpoint, forks, opens one in the child, lets the child end as any program does, and opens its own again.
FORKER = """
import os, sys
from transforms.cloud_sql.instance import CloudSql
from transforms.cloud_sql.endpoint import endpoint
main = CloudSql(sys.argv[1])
folders = [endpoint(main, False)]
child = os.fork()
print(endpoint(main, False), flush=True)
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert [endpoint(main, False)] == folders and os.path.exists(folders[0] + "/.s.PGSQL.5432")
"""


@pytest.fixture
def stand_in(postgres15: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    yield put_on_path(postgres15, tmp_path, monkeypatch)
    end_all()


@pytest.fixture
def database() -> Database:
    return parse_database("postgresql://postgres@/postgres", cloud_sql=MAIN)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "SECONDS_TO_START", 0.5)


def answer(database: Database) -> object:
    connection = connect(database, purpose="test")
    row = connection.execute("SELECT current_user, inet_server_addr() IS NOT NULL").fetchone()
    end(connection)
    return row


def test_all_threads_share_one_that_starts_with_the_first(stand_in: StandIn, database: Database) -> None:
    assert stand_in.started() == []
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(answer, [database] * 16)] == [("postgres", True)] * 16
    assert len(stand_in.started()) == 1


def test_each_way_to_an_instance_has_its_own(stand_in: StandIn) -> None:
    ways = [(MAIN, False), (MAIN, True), (CloudSql(INSTANCE, "psc"), False)]
    assert len({endpoint(*way) for way in ways * 2}) == 3
    assert [each["argv"][:-1] for each in stand_in.started()] == [
        ["--quiet"], ["--quiet", "--auto-iam-authn"], ["--quiet", "--psc"],
    ]  # fmt: skip


def test_nobody_else_of_the_machine_may_enter(stand_in: StandIn) -> None:
    folder = Path(endpoint(MAIN, False)).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_at_the_end_nothing_is_left(stand_in: StandIn) -> None:
    folder = Path(endpoint(MAIN, False)).parent
    (pid,) = stand_in.pids()
    end_all()
    assert not is_alive(pid)
    assert not folder.exists()


def test_one_that_ignores_its_end_is_killed(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "SECONDS_TO_END", 0.2)
    stand_in.behave("deaf")
    endpoint(MAIN, False)
    end_all()
    assert not is_alive(stand_in.pids()[0])


def test_pg_dump_takes_it_too(stand_in: StandIn, database: Database) -> None:
    assert archive.dump_schema(database, 15).startswith(b"PGDMP")
    assert len(stand_in.started()) == 1


def test_an_address_in_the_environment_does_not_lead_past_it(
    stand_in: StandIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    assert answer(database) == ("postgres", True)


def test_what_the_server_says_comes_through(stand_in: StandIn, database: Database) -> None:
    missing = parse_database("postgresql://postgres@/nowhere", cloud_sql=MAIN)
    with pytest.raises(NotFoundError, match=rf"/nowhere\?cloud_sql_instance={INSTANCE}: .*does not exist"):
        connect(missing, purpose="test")


def test_one_that_has_died_is_started_again_for_the_next_session(stand_in: StandIn, database: Database) -> None:
    stand_in.behave("tires", connections=2)  # the first is the question whether it is there
    answer(database)
    assert await_end(stand_in.pids()[0])
    stand_in.behave()
    assert answer(database) == ("postgres", True)
    first, second = stand_in.pids()
    assert (is_alive(first), is_alive(second)) == (False, True)


def test_one_that_dies_again_is_an_error(stand_in: StandIn, database: Database) -> None:
    stand_in.behave("tires", connections=2)
    answer(database)
    assert await_end(stand_in.pids()[0])
    stand_in.behave("dies")
    with pytest.raises(UnreachableError, match="ended with 1 at its start"):
        connect(database, purpose="test")


def test_one_that_dies_at_its_start_says_why(stand_in: StandIn, database: Database) -> None:
    stand_in.behave("dies")
    words = rf"cloud-sql-proxy for {INSTANCE} ended with 1 at its start\..*instanceDoesNotExist\nCheck --cloud_sql_"
    with pytest.raises(UnreachableError, match=f"(?s){words}"):
        connect(database, purpose="test")
    assert not list(Path(os.environ["TMPDIR"]).iterdir())


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, of this test alone."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def test_one_that_is_never_ready_is_ended(stand_in: StandIn, database: Database, hurried: None) -> None:
    stand_in.behave("silent")
    with pytest.raises(UnreachableError, match=rf"{INSTANCE} took no connection in 0\.5 s"):
        connect(database, purpose="test")
    assert not any(map(is_alive, stand_in.pids()))


def test_an_instance_that_it_does_not_reach_is_told_in_its_words(stand_in: StandIn, database: Database) -> None:
    stand_in.behave("hangs up")
    with pytest.raises(
        UnreachableError, match=r'(?s)does not have IP of type "PRIVATE"\nCheck .*--cloud_sql_ip'
    ) as told:
        connect(database, purpose="test")
    assert str(told.value).count("PRIVATE") == 1


def test_arguments_that_it_refuses_are_told_without_its_manual(
    stand_in: StandIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = "echo 'Error: cannot specify --token and --gcloud-auth'; for i in 1 2 3 4 5 6 7; do echo manual $i; done"
    (stand_in.folder / "cloud-sql-proxy").write_text(f"#!/bin/sh\n{manual}; exit 1\n")
    with pytest.raises(UnreachableError, match=r"said:\n  Error: cannot specify --token and --gcloud-auth\nCheck"):
        connect(database, purpose="test")


def test_a_folder_too_long_for_a_socket_is_refused(
    stand_in: StandIn, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = temporary / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    with pytest.raises(UsageError, match="too long for a socket: set TMPDIR"):
        endpoint(MAIN, False)
    assert (stand_in.started(), list(long.iterdir())) == ([], [])


def test_a_fork_shares_nothing_and_ends_nothing_of_its_parent(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(stand_in.folder))  # no setpriv: they end theirs themselves
    out = subprocess.run([sys.executable, "-c", FORKER, INSTANCE], check=True, capture_output=True, text=True).stdout
    assert len(set(out.split())) == 2
    assert len(stand_in.pids()) == 2
    assert not any(map(is_alive, stand_in.pids()))


@pytest.mark.parametrize("raised", [KeyboardInterrupt, OSError])
def test_one_whose_start_is_interrupted_is_ended(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException], temporary: Path
) -> None:
    def interrupted(process: ChildProcess, seconds: float) -> int | None:
        monkeypatch.undo()
        raise raised

    stand_in.behave("silent")
    monkeypatch.setattr(ChildProcess, "await_end", interrupted)
    with pytest.raises(raised):
        endpoint(MAIN, False)
    assert not any(map(is_alive, stand_in.pids()))
    assert not list(temporary.iterdir())
    with cloud_sql_endpoint._PROXIES.held() as proxies:
        assert not proxies
