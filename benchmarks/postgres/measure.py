"""Runs all contestants side by side on one table and keeps the figures of every run."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.child import ChildError, Usage, run_command
from benchmarks.measure import Column, Figures, add_run, figures
from benchmarks.postgres import tables
from benchmarks.postgres.contestant import BACKUPS, RESTORES, Contestant, Course, drain
from benchmarks.postgres.server import Server


def measure(
    server: Server, table: str, rows: int, runs: int, names: Sequence[str] = ()
) -> tuple[list[Column], list[Column]]:
    """Run each contestant `runs` times and return a column for each: those that back up, those that restore.

    Args:
        server: The server; a database is created in it, and dropped afterwards.
        table: A table of `tables.KEYS`.
        rows: Its number of rows.
        runs: How often each contestant runs; they take turns.
        names: The contestants to run; all if empty.
    """
    chosen = [(each, Column(each)) for each in (*BACKUPS, *RESTORES) if not names or each.name in names]
    for course in _courses(server, table, rows, runs):
        for contestant, column in chosen:
            add_run(column, partial(run, contestant, course))
    backups = [column for contestant, column in chosen if contestant in BACKUPS]
    return backups, [column for contestant, column in chosen if contestant in RESTORES]


def _courses(server: Server, table: str, rows: int, runs: int) -> Iterator[Course]:
    database = tables.make(server, table, rows)
    with tempfile.TemporaryDirectory(prefix="shardkeep-bench-") as whole:
        wire = Path(whole, "wire")
        for number in range(runs):
            with tempfile.TemporaryDirectory(dir=whole) as folder:
                course = Course(server, database, f"{database}_copy", table, rows, wire, Path(folder))
                if not number:
                    subprocess.run(drain(course, str(wire)), check=True)
                yield course
    server.sql(f"DROP DATABASE {database} WITH (FORCE)")


def run(contestant: Contestant, course: Course) -> Figures:
    """Run a contestant once.

    Raises:
        ChildError: It failed, or did not handle all rows.
    """
    with _place(contestant, course):
        before = course.server.cpu_seconds()
        usage = run_command(contestant.command(course), {}, prints=contestant.prints)
        spent = course.server.cpu_seconds() - before
        _check(contestant, course, usage)
    return figures(usage, contestant.timed, contestant.part, spent)


@contextmanager
def _place(contestant: Contestant, course: Course) -> Iterator[None]:
    """Make an empty database if the contestant writes; its writes are flushed to disk before the next one begins."""
    if contestant.prepare:
        course.server.sql(f"CREATE DATABASE {course.copy}")
        course.server.sql(contestant.prepare(course), course.copy)
    try:
        yield
    finally:
        if contestant.writes:
            course.server.sql(f"DROP DATABASE IF EXISTS {course.copy} WITH (FORCE)")
            course.server.sql("CHECKPOINT")


def _check(contestant: Contestant, course: Course, usage: Usage) -> None:
    """Raise `ChildError` if a contestant that reports or writes rows did not handle all of them."""
    wanted = course.rows // contestant.part
    found = [usage.printed.get("rows", wanted)]
    if contestant.writes:
        counts = course.counts or f"SELECT count(*) FROM {course.table}"  # noqa: S608 (all of it ours)
        found.append(sum(map(int, course.server.sql(counts, course.copy).split())))
    if any(rows != wanted for rows in found):
        raise ChildError(f"{contestant.name} handled {found[-1]} rows, not {wanted}")
