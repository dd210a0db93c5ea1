"""What all tests share: servers, hypothesis profiles, and the rule that CI skips nothing."""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest
from hypothesis import settings

from tests.servers.bigtable_emulator import running_emulator
from transforms.errors import NotFoundError

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"

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
        # A proxy of the user's must not be asked for a loopback address.
        patch.setenv("no_proxy", ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1,localhost"])))
        yield host


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
