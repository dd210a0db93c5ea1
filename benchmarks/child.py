"""One measured child process: what it printed and what it used."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.replay_process import REPOSITORY


class ChildError(Exception):
    """A child process failed, or did less than it was asked to do."""


@dataclass(frozen=True)
class Usage:
    """What a child process used, its own children included if it waited for them.

    Attributes:
        wall_seconds: From its start to its end.
        cpu_seconds: User and system time.
        peak_bytes: The largest resident memory of the process, or of a child of it.
        printed: The JSON object on its standard output.
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
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        # Only wait4 tells what this child alone has used.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ChildError(f"python -m {module} ended with code {process.returncode}: {_last_line(errors)}")
        return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, _read_object(output, module))


def _last_line(file: Any) -> str:  # noqa: ANN401 (a temporary file has no public type)
    file.seek(0)
    lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing on standard error")


def _read_object(file: Any, module: str) -> dict[str, Any]:  # noqa: ANN401 (as above)
    file.seek(0)
    text = file.read()
    try:
        return dict(json.loads(text))
    except (TypeError, ValueError) as error:
        raise ChildError(f"python -m {module} did not print one JSON object: {text[:200]!r}") from error
