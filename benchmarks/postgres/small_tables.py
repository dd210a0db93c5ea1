"""A database of many small tables, to measure the cost of a table rather than of a row."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Column, add_run
from benchmarks.postgres.contestant import BACKUPS, DUMP, OURS, RESTORES, UNDUMP, Course
from benchmarks.postgres.measure import run
from benchmarks.postgres.server import Server

ROWS = 20
"""Rows in each table."""

# psql runs each of the statements that the first one returns.
_COUNT = """
    SELECT pg_catalog.format('SELECT count(*) FROM %s', oid::pg_catalog.regclass) FROM pg_catalog.pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::pg_catalog.regnamespace \\gexec
"""
_AT_ONCE = 1000


def measure_small(
    server: Server, tables: int, runs: int, names: Sequence[str] = ()
) -> tuple[list[Column], list[Column], int]:
    """Run our commands and PostgreSQL's own in turn.

    Args:
        server: The server; a database is created in it, and dropped afterwards.
        tables: How many tables it has.
        runs: How often each contestant runs.
        names: The contestants to run; all four if empty.

    Returns:
        The columns of those that back up, of those that restore, and the number of objects of a backup.
    """
    lines = [each for each in (*BACKUPS, *RESTORES) if each.name in (DUMP, UNDUMP, *OURS)]
    chosen = [(each, Column(each)) for each in lines if not names or each.name in names]
    objects = 0
    for course in _courses(server, tables, runs):
        for contestant, column in chosen:
            add_run(column, partial(run, contestant, course))
        objects = sum(path.is_file() for path in Path(course.folder, "vault").rglob("*"))
    backups = [column for contestant, column in chosen if contestant in BACKUPS]
    return backups, [column for contestant, column in chosen if contestant in RESTORES], objects


def _courses(server: Server, tables: int, runs: int) -> Iterator[Course]:
    database = make(server, tables)
    with tempfile.TemporaryDirectory(prefix="shardkeep-bench-") as whole:
        for number in range(runs):
            folder = Path(whole, str(number))
            folder.mkdir()
            yield Course(server, database, f"{database}_copy", "", tables * ROWS, folder / "wire", folder, _COUNT)
    server.sql(f"DROP DATABASE {database} WITH (FORCE)")


def make(server: Server, tables: int) -> str:
    """Make a database of `tables` tables with a key and a few rows each; returns its name."""
    database = f"bench_small_{tables}"
    server.sql(f"CREATE DATABASE {database}")
    for start in range(0, tables, _AT_ONCE):
        server.sql("".join(map(_table, range(start, min(start + _AT_ONCE, tables)))), database)
    server.sql("VACUUM (FREEZE, ANALYZE)", database)
    server.sql("CHECKPOINT", database)
    return database


def _table(number: int) -> str:
    name = f"small_{number:05d}"
    create = f"CREATE TABLE {name} (id bigint PRIMARY KEY, name text NOT NULL, at timestamptz, amount numeric(12, 2));"
    values = "i, 'row number ' || i, '2020-01-01 00:00:00+00'::timestamptz + i * interval '1 s', i * 1.37"
    return f"{create} INSERT INTO {name} SELECT {values} FROM generate_series(1, {ROWS}) AS i;\n"  # noqa: S608 (ours)
