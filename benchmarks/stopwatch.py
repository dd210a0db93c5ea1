"""The report of a script that measures itself: one JSON line."""

import argparse
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class Stopwatch:
    """Measures a `with` block: the work alone, without the start of Python and imports.

    Attributes:
        wall_seconds: From entering the block to leaving it.
        cpu_seconds: User and system time of the whole process in that time.
    """

    wall_seconds = 0.0
    cpu_seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall_seconds = time.perf_counter() - self._wall
        self.cpu_seconds = time.process_time() - self._cpu

    def report(self, rows: int, size: int) -> None:
        """Print the JSON line: wall_seconds, cpu_seconds, peak_bytes (of the process), rows, bytes."""
        figures = {"wall_seconds": self.wall_seconds, "cpu_seconds": self.cpu_seconds, "rows": rows, "bytes": size}
        print(json.dumps({**figures, "peak_bytes": peak_bytes()}), flush=True)


def peak_bytes() -> int:
    """Return the largest resident memory of this process so far (VmHWM of proc_pid_status(5), Linux alone).

    Unlike `ru_maxrss` it does not start with the memory of the process that started this one.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def reader_parser(name: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every script that reads from the replay server."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", allow_abbrev=False)
    parser.add_argument("--server", required=True, help="host:port of the replay server")
    parser.add_argument("--table", default="projects/p/instances/i/tables/t", help="full name of the table")
    parser.add_argument("--rows", type=int, required=True, help="how many rows to read, from the first on")
    return parser


def reader_options(name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the options of a script that has no others."""
    return reader_parser(name).parse_args(argv)
