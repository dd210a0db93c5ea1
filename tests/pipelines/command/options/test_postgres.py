"""The options that name a PostgreSQL database, and how many readers it gets."""

import os

import pytest

from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.postgres import add_database, database_of
from pipelines.command.options.postgres_reading import readers_of
from transforms.cloud_sql.instance import CloudSql
from transforms.errors import UsageError
from transforms.postgres.server.database import Database

NAME = "my-project:europe-west1:main"


ENGINES = [("FnApiRunner", "public"), ("DataflowRunner", "private")]


def database(*argv: str, runner: str = "FnApiRunner") -> Database:
    parser = OptionParser("postgres-test", "A test.")
    add_database(parser, "to test")
    return database_of(parse_job(parser, [*argv, f"--runner={runner}"])[0])


def test_an_instance_stands_for_host_and_port() -> None:
    found = database("--database=postgresql://me@/shop", f"--cloud_sql_instance={NAME}")
    assert found == Database("", 5432, "me", "shop", cloud_sql=CloudSql(NAME, "public"))


@pytest.mark.parametrize("ip", ["public", "private", "psc"])
def test_its_address_is_chosen(ip: str) -> None:
    found = database("--database=postgresql://me@/shop", f"--cloud_sql_instance={NAME}", f"--cloud_sql_ip={ip}")
    assert found.cloud_sql == CloudSql(NAME, ip)


@pytest.mark.parametrize(("runner", "ip"), ENGINES)
def test_workers_elsewhere_have_private_addresses(runner: str, ip: str) -> None:
    found = database("--database=postgresql://me@/shop", f"--cloud_sql_instance={NAME}", runner=runner)
    assert found.cloud_sql == CloudSql(NAME, ip)


@pytest.mark.parametrize(("runner", "ip"), ENGINES)
def test_a_form_may_send_the_default_without_an_instance(runner: str, ip: str) -> None:
    assert database("--database=postgresql://me@db/shop", f"--cloud_sql_ip={ip}", runner=runner).cloud_sql is None


def test_without_an_instance_there_is_none() -> None:
    assert database("--database=postgresql://me@db/shop").cloud_sql is None


def test_an_address_of_no_instance_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--cloud_sql_ip=psc .*--cloud_sql_instance as well"):
        database("--database=postgresql://me@db/shop", "--cloud_sql_ip=psc")


URL = "--database=postgresql://me@10.0.0.5/shop"


def test_a_silent_server_is_asked_after_ten_minutes_or_as_long_as_is_said() -> None:
    given = ["10m", "2s", "1h", "99999d"]
    found = [database(URL, *options).idle_timeout for options in ([], *([f"--idle_timeout={each}"] for each in given))]
    assert found[:4] == [600.0, 600.0, 2.0, 3600.0]
    assert found[4] * 1000 < 2**31  # what poll(2) takes


@pytest.mark.parametrize("text", ["0s", "10", "m", "1.5h", "-1s"])
def test_a_wrong_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--idle_timeout"):
        database(URL, f"--idle_timeout={text}")


@pytest.mark.parametrize(("processors", "readers"), [(None, 2), (1, 2), (2, 2), (5, 5), (64, 8)])
def test_here_there_are_as_many_readers_as_processors_within_bounds(
    monkeypatch: pytest.MonkeyPatch, processors: int | None, readers: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert readers_of(None, None, here=True) == readers


@pytest.mark.parametrize("processors", [1, 2, 64])
def test_elsewhere_the_processors_of_the_launcher_do_not_count(
    monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert readers_of(None, None, here=False) == 8


@pytest.mark.parametrize("here", [True, False])
def test_the_number_asked_for_counts_within_the_connections(here: bool) -> None:
    assert [readers_of(30, most, here) for most in (None, 3, 10, 99)] == [30, 1, 8, 30]


@pytest.mark.parametrize("most", [1, 2])
def test_too_few_connections_for_one_reader_are_refused(most: int) -> None:
    with pytest.raises(UsageError, match=f"--max_connections={most} is too few"):
        readers_of(1, most, here=True)
