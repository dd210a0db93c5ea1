"""What all tests share: servers, hypothesis profiles, and the rule that CI skips nothing."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from itertools import count
from typing import TypeVar

import pytest
from hypothesis import settings

from tests.servers import postgres_server
from tests.servers.bigtable_emulator import running_emulator
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_server import running_gcs
from tests.servers.postgres_server import PostgresServer
from transforms.errors import NotFoundError

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
_NUMBERS = count(1)

# No deadlines: a shared machine stalls for reasons that are not the code's. In CI the examples are the same each time,
# so that a failure there is the change's doing and comes back here.
settings.register_profile("shardkeep", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("shardkeep"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if REQUIRE_ALL else "shardkeep"))


@pytest.fixture(scope="session")
def bigtable_emulator() -> Iterator[str]:
    """`host:port` of the official emulator, which BIGTABLE_EMULATOR_HOST names while tests run."""
    with ExitStack() as stack:
        try:
            host = stack.enter_context(running_emulator())
        except NotFoundError as error:
            pytest.skip(str(error))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("BIGTABLE_EMULATOR_HOST", host)
        pass_by_proxies(patch)
        yield host


@pytest.fixture(scope="session")
def gcs() -> Iterator[Gate]:
    """Cloud Storage's fake server behind a gate, which STORAGE_EMULATOR_HOST names while tests run."""
    with ExitStack() as stack:
        try:
            gate = stack.enter_context(running_gcs())
        except NotFoundError as error:
            pytest.skip(str(error))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("STORAGE_EMULATOR_HOST", gate.url)
        pass_by_proxies(patch)
        yield gate


@pytest.fixture
def gate(gcs: Gate) -> Iterator[Gate]:
    """The gate to Cloud Storage, with nothing of another test in it."""
    gcs.clear()
    yield gcs
    gcs.clear()


def pass_by_proxies(patch: pytest.MonkeyPatch) -> None:
    """Let no proxy of the user's be asked for a loopback address; the user's own exceptions stay."""
    own = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    patch.setenv("no_proxy", ",".join(filter(None, [own, "127.0.0.1,localhost"])))


def postgres_of(major: int) -> Iterator[PostgresServer]:
    try:
        binaries = postgres_server.of_major(major)
    except NotFoundError as error:
        pytest.skip(str(error))
    with postgres_server.running(binaries) as server, pytest.MonkeyPatch.context() as patch:
        # The programs of a server that a Python package holds are in no place where Shardkeep looks.
        patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{binaries.folder}")
        yield server


@pytest.fixture(scope="session")
def postgres15() -> Iterator[PostgresServer]:
    """A server of PostgreSQL 15, of this machine."""
    yield from postgres_of(15)


@pytest.fixture(scope="session")
def postgres18() -> Iterator[PostgresServer]:
    """A server of PostgreSQL 18, of the PyPI package."""
    yield from postgres_of(18)


@pytest.fixture(scope="session", params=["postgres15", "postgres18"])
def postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """Each of them in turn."""
    server: PostgresServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def new_database() -> Iterator[Callable[..., str]]:
    """Makes an empty database in a server, dropped after the test; further words go behind CREATE DATABASE."""
    made: list[tuple[PostgresServer, str]] = []

    def make(server: PostgresServer, words: str = "") -> str:
        name = f"test_{next(_NUMBERS)}"
        server.sql(f"CREATE DATABASE {name} {words}")
        made.append((server, name))
        return name

    yield make
    for server, name in made:
        server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def heeded_signals() -> Iterator[None]:
    """SIGINT and SIGHUP as a terminal's commands have them: what runs by nohup or in the background ignores them."""
    own = ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL))
    ignored = [(number, usual) for number, usual in own if signal.getsignal(number) is signal.SIG_IGN]
    for number, usual in ignored:
        signal.signal(number, usual)
    yield
    for number, _ in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test where REQUIRE_ALL=1."""
    report = yield
    return without_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a skipped file where REQUIRE_ALL=1."""
    report = yield
    return without_skip(report)


def without_skip(report: Report) -> Report:
    """`report`, failed with the reason of the skip if nothing may be skipped; an expected failure is no skip."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"REQUIRE_ALL=1 allows no skip: {reason}"
    return report
