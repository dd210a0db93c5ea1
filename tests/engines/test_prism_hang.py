"""A job on Prism whose worker never comes: it would wait long, and an interruption ends all of it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT

import pytest

from tests.engines.outcome import require_done
from tests.engines.prism_runs import Prism, end_group, finish
from tests.pipelines.postgres_runs import backup
from tests.servers.postgres_server import PostgresServer

NEVER = "#!/bin/sh\necho a worker that never comes >&2\nexec sleep 100\n"
"""A program that does not reach Prism, which gives it a minute."""


@pytest.fixture
def waiting(postgres18: PostgresServer, prism: Prism, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """A command whose job waits for its worker."""
    require_done(backup(tmp_path / "v", postgres18.url()))
    prism.worker.write_text(NEVER)
    process = prism.open("verify", f"--vault={tmp_path / 'v'}", "--backup=latest", "--json")
    try:
        require_line(process, "a worker that never comes")
        yield process
    finally:
        end_group(process)


def require_line(process: "subprocess.Popen[str]", words: str) -> None:
    """Read what a command logs up to a line with these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"the command ended without a word of {words!r}")


@pytest.mark.usefixtures("heeded_signals")
def test_an_interruption_as_a_terminal_sends_it_ends_the_job(waiting: "subprocess.Popen[str]") -> None:
    os.killpg(waiting.pid, SIGINT)
    ended = finish(waiting)
    assert ended.code == 130
    assert ended.json == {"error": {"code": 130, "message": "interrupted"}}
    assert "shardkeep: interrupted\n" in ended.err


def test_a_command_that_takes_too_long_is_ended_with_its_engine(waiting: "subprocess.Popen[str]") -> None:
    with pytest.raises(pytest.fail.Exception, match="did not end in 1 s"):
        finish(waiting, 1)
    with pytest.raises(ProcessLookupError):
        os.killpg(waiting.pid, 0)
