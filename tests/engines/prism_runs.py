"""Commands on Prism, each in a process of its own that is given so long and no longer."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.pipelines.bigtable_runs import Ended

ROOT = Path(__file__).parent.parent.parent
SECONDS = 600
"""What a command gets: a job whose worker is never there waits for ever."""


@dataclass(frozen=True)
class Prism:
    """The engine, with a program that starts its worker.

    Attributes:
        engine: Path of Prism.
        worker: The worker's program; `started` counts how often it ran.
        folder: Where processes make their temporary files.
        environment: What the worker's environment has besides the command's.
    """

    engine: Path
    worker: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def started(self) -> int:
        """How many worker processes there have been."""
        log = self.folder / "started"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def options(self) -> list[str]:
        """What is added to a command so that it runs on Prism with a worker process of its own."""
        environment = json.dumps({"command": str(self.worker), "env": self.environment})
        engine = ["--runner=PrismRunner", f"--prism_location={self.engine}"]
        return [*engine, "--environment_type=PROCESS", f"--environment_config={environment}"]

    def open(self, command: str, *argv: str) -> "subprocess.Popen[str]":
        """Start a command; it leads a process group, which Prism and the worker are in."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {"PATH": path, "TMPDIR": str(self.folder), "STARTED": str(self.folder / "started")}
        return start([command, *argv, *self.options()], environment)

    def run(self, command: str, *argv: str) -> Ended:
        """Run a command, which fails the test if it does not end in time."""
        process = self.open(command, *argv)
        return finish(process)


def start(argv: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a command in a process of its own that leads a group, with more in its environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.command.dispatch", *argv],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]", seconds: float = SECONDS) -> Ended:
    """Wait for a command and end whatever it leaves; one that takes longer fails the test."""
    with process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, SIGKILL)
            pytest.fail(f"{process.args!r} did not end in {seconds} s:\n{process.communicate()[1]}")
        finally:
            end_group(process)
    return Ended(process.returncode, out, err)


def end_group(leader: "subprocess.Popen[str]") -> None:
    """End a command's processes by force, itself, Prism and the worker, and wait until none is left."""
    leader.kill()
    leader.wait()
    with suppress(ProcessLookupError):
        while True:
            os.killpg(leader.pid, SIGKILL)
