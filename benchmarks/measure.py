"""Runs all contestants side by side and keeps the figures of every run."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Protocol

from benchmarks.child import ChildError, Usage, run_module
from benchmarks.contestant import CONTESTANTS, TABLE, Contestant, Course
from benchmarks.replay_process import running_replay_server, server_counts


@dataclass(frozen=True)
class Figures:
    """What one run of a contestant used, multiplied if it handled only a part of the rows.

    `peak_bytes` is never multiplied, and `server_cpu_seconds` is the server's own share.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: float
    server_cpu_seconds: float


class Line(Protocol):
    """A line of the report: its name, and that it handles one in `part` rows."""

    @property
    def name(self) -> str: ...

    @property
    def part(self) -> int: ...


@dataclass
class Column:
    """The figures of a contestant in one measurement; `problem` says why some are missing."""

    contestant: Line
    runs: list[Figures] = field(default_factory=list)
    problem: str = ""

    def least(self, figure: str) -> float:
        """Return the least of all runs."""
        return min(self._all(figure))

    def median(self, figure: str) -> float:
        """Return the median of all runs."""
        return median(self._all(figure))

    def _all(self, figure: str) -> list[float]:
        return [getattr(run, figure) for run in self.runs]


def measure(rows: int, message_size: int, runs: int, ranges: int, names: Sequence[str] = ()) -> list[Column]:
    """Run each contestant `runs` times against one replay server and return a column for each.

    A contestant that fails once is not run again: its column has the error.

    Args:
        rows: Rows in the table.
        message_size: The largest size of a `ReadRowsResponse` in bytes.
        runs: How often each contestant runs; they take turns.
        ranges: Key ranges that our commands are asked to make.
        names: The contestants to run; all if empty.
    """
    chosen = {contestant: Column(contestant) for contestant in CONTESTANTS if not names or contestant.name in names}
    with running_replay_server(rows, message_size, table=TABLE) as server:
        for course in _courses(server, rows, runs, ranges):
            for contestant, column in chosen.items():
                add_run(column, partial(_run, contestant, course))
    return list(chosen.values())


def _courses(server: str, rows: int, runs: int, ranges: int) -> Iterator[Course]:
    for run in range(runs):
        with tempfile.TemporaryDirectory(prefix="shardkeep-bench-") as folder:
            yield Course(server, rows, ranges, Path(folder), f"run{run}")


def add_run(column: Column, run: Callable[[], Figures]) -> None:
    """Run a contestant once more, unless it failed before."""
    if column.problem:
        return
    try:
        column.runs.append(run())
    except ChildError as error:
        column.problem = str(error)


def _run(contestant: Contestant, course: Course) -> Figures:
    before = server_counts(course.server)
    usage = run_module(contestant.module, contestant.arguments(course), {"BIGTABLE_EMULATOR_HOST": course.server})
    after = server_counts(course.server)
    spent = {name: after[name] - before[name] for name in after}
    rows = spent["mutate_entries"] if contestant.writes else usage.printed.get("rows")
    if rows != course.rows // contestant.part:
        raise ChildError(f"{contestant.name} handled {rows} rows, not {course.rows // contestant.part}")
    return figures(usage, contestant.timed, contestant.part, spent["cpu_seconds"])


def figures(usage: Usage, timed: bool, part: int, server_cpu: float) -> Figures:
    """The figures of a run.

    Args:
        usage: What the child used and printed.
        timed: Whether the printed seconds count, which are those of the work alone.
        part: It handled one in `part` rows.
        server_cpu: CPU seconds of the server during the run.
    """
    wall, cpu, peak = usage.wall_seconds, usage.cpu_seconds, usage.peak_bytes
    if timed:
        wall, cpu, peak = (usage.printed[name] for name in ("wall_seconds", "cpu_seconds", "peak_bytes"))
    return Figures(wall * part, cpu * part, peak, server_cpu * part)
