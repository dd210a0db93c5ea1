"""One measured child process: what it printed and what it used."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.replay_process import REPOSITORY


class ChildError(Exception):
    """A child process failed, or did less than it was asked to do."""


@dataclass(frozen=True)
class Usage:
    """What a child process used, including its own children if it waited for them.

    Attributes:
        wall_seconds: From its start to its end.
        cpu_seconds: User and system time.
        peak_bytes: The largest resident memory of the process, or of one of its children; at least that of the
            measuring process at the start of the child.
        printed: The JSON object on its standard output; empty if it prints none.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    printed: dict[str, Any]


def run_module(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Usage:
    """Run `python -m module` to its end.

    Raises:
        ChildError: It ended with another code than 0, or its output is not a JSON object.
    """
    return run_command([sys.executable, "-W", "ignore", "-m", module, *arguments], environment, prints=True)


def run_command(command: Sequence[str], environment: Mapping[str, str], *, prints: bool) -> Usage:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        environment: Variables that it gets besides those of this process.
        prints: Whether it prints a JSON object; else its output is ignored.

    Raises:
        ChildError: It ended with another code than 0, or its output is not a JSON object.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        # Only wait4 gives the usage of this child alone.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ChildError(f"{_name(command)} ended with code {process.returncode}: {_last_line(errors)}")
        printed = _read_object(output, _name(command)) if prints else {}
        return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, printed)


def _name(command: Sequence[str]) -> str:
    module = [f"python -m {word}" for flag, word in itertools.pairwise(command) if flag == "-m"]
    return module[0] if module else Path(command[0]).name


def _last_line(file: Any) -> str:  # noqa: ANN401 (a temporary file has no public type)
    file.seek(0)
    lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing on standard error")


def _read_object(file: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 (as above)
    file.seek(0)
    text = file.read()
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError) as error:
        raise ChildError(f"{name} did not print one JSON object: {text[:200]!r}") from error
