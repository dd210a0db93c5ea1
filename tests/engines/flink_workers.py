"""The worker processes of a Flink on this machine, some of which tests end by force."""

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import pytest

# Leaves the number of each worker and becomes it.
WORKER = """#!/bin/sh
echo $$ >> "{folder}/started"
export PATH="{python}:$PATH" PYTHONPATH="{root}" BOOT="{boot}" TMPDIR="{folder}"
exec "{worker}" "$@"
"""


@dataclass(frozen=True)
class Workers:
    """The processes that a worker's program has started.

    Attributes:
        folder: Where the program leaves the number of each.
        boot: What each has become.
    """

    folder: Path
    boot: Path

    def kill_one(self) -> None:
        """End the Python of a worker that has one, by force."""
        os.kill(next(pid for boot in self._running() for pid in children(boot)), SIGKILL)

    def end(self) -> None:
        """End what is left: a TaskManager that is killed leaves its workers."""
        for boot in self._running():
            for pid in (boot, *children(boot)):
                with suppress(ProcessLookupError):
                    os.kill(pid, SIGKILL)

    def _running(self) -> list[int]:
        started = self.folder / "started"
        numbers = [int(line) for line in started.read_text().splitlines()] if started.exists() else []
        return [number for number in numbers if self._is_boot(number)]

    def _is_boot(self, number: int) -> bool:
        with suppress(OSError):
            return Path(f"/proc/{number}/exe").resolve() == self.boot.resolve()
        return False


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def await_during(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> None:
    """Wait until something is so while a command runs, which must not end before."""
    while not condition():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            pytest.fail(f"the command ended too early:\n{process.communicate()[1]}")
