"""PostgreSQL: compare backups and restores with the ceilings and with PostgreSQL's own programs, side by side."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Column
from benchmarks.postgres import tables
from benchmarks.postgres.contestant import BACKUPS, DRAIN, DUMP, LOAD, RESTORES, SLOW, UNDUMP
from benchmarks.postgres.measure import measure
from benchmarks.postgres.server import Server, running_server
from benchmarks.postgres.small_tables import ROWS, measure_small
from benchmarks.replay_process import REPOSITORY
from benchmarks.report import as_json, table

BACKUP, RESTORE = "backup", "restore"
PROFILED = "benchmarks.postgres.backup_in_job"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every table and print the figures; return 1 if a contestant failed."""
    options = _parse(argv)
    with running_server() as server:
        if options.profile:
            return _profile(server, options.tables[0], options.rows[0])
        document = [_measure(server, name, rows, options) for rows in options.rows for name in options.tables]
        small = [_measure_small(server, count, options) for count in options.small_tables if count]
    if options.json:
        print(json.dumps({"cores": os.cpu_count(), "tables": document, "small_tables": small}, indent=2))
    lines = (line for part in (*document, *small) for kind in (BACKUP, RESTORE) for line in part[kind].values())
    return int(any("problem" in line for line in lines))


def _measure(server: Server, name: str, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    runs = options.runs
    backups, restores = measure(server, name, rows, runs, options.only)
    if not options.json:
        _print(name, rows, runs, backups, restores)
    found = {BACKUP: as_json(backups, DRAIN), RESTORE: as_json(restores, LOAD)}
    return {"table": name, "rows": rows, "runs": runs, **found}


def _measure_small(server: Server, count: int, options: argparse.Namespace) -> dict[str, Any]:
    backups, restores, objects = measure_small(server, count, options.runs, options.only)
    if not options.json:
        print(f"{count:,} tables of {ROWS} rows; {options.runs} runs")
        print(f"objects in the vault: {objects:,}, {objects / count:.2f} for each table")
        _print_lines((backups, DUMP), (restores, UNDUMP))
    found = {BACKUP: as_json(backups, DUMP), RESTORE: as_json(restores, UNDUMP)}
    return {"tables": count, "rows": ROWS, "runs": options.runs, "objects": objects, **found}


def _print(name: str, rows: int, runs: int, backups: Sequence[Column], restores: Sequence[Column]) -> None:
    print(f"{rows:,} rows x 11 columns, {name}; {runs} runs on {os.cpu_count()} cores shared with the server")
    print(f"(x{SLOW}): measured on {rows // SLOW:,} rows, seconds multiplied by {SLOW}")
    _print_lines((backups, DRAIN), (restores, LOAD))


def _print_lines(*parts: tuple[Sequence[Column], str]) -> None:
    for columns, ceiling in parts:
        if columns:
            print(f"{table(columns, ceiling)}\n", flush=True)


def _profile(server: Server, name: str, rows: int) -> int:
    """Profile the backup in the job and print the functions by own time (main thread only)."""
    database = tables.make(server, name, rows)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cProfile", "-s", "tottime", "-m", PROFILED]
        command += [f"--database={server.url(database)}", f"--vault={folder}/job"]
        profiled = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    print("\n".join(profiled.stdout.splitlines()[:40]))
    return profiled.returncode


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks postgres", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000], help="rows in a table")
    parser.add_argument("--tables", nargs="+", default=[*tables.KEYS], choices=[*tables.KEYS], help="tables to measure")
    parser.add_argument(
        "--small_tables", type=int, nargs="+", default=[1000], help="numbers of small tables to measure; 0 for none"
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each contestant")
    names = [contestant.name for contestant in (*BACKUPS, *RESTORES)]
    parser.add_argument("--only", nargs="+", default=[], choices=names, help="measure these alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--profile", action="store_true", help="print where the backup in the job spends its time")
    return parser.parse_args(argv)
