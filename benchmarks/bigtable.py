"""Bigtable: compare backups and restores with the ceiling and with the client library, side by side."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from benchmarks import replay_rows
from benchmarks.contestant import CONTESTANTS, SLOW
from benchmarks.measure import Column, measure
from benchmarks.replay_process import REPOSITORY, running_replay_server
from benchmarks.report import as_json, table

PROFILED = "benchmarks.backup_in_job"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every message size and print the figures; return 1 if a contestant failed."""
    options = _parse(argv)
    if options.profile:
        return _profile(options.rows, options.message_sizes[0])
    results = {}
    for size in options.message_sizes:
        results[size] = measure(options.rows, size, options.runs, options.ranges, options.only)
        if not options.json:
            print(f"{_title(options, size)}\n{table(results[size])}\n", flush=True)
    if options.json:
        print(json.dumps(_document(options, results), indent=2))
    return int(any(column.problem for columns in results.values() for column in columns))


def _title(options: argparse.Namespace, size: int) -> str:
    wire = options.rows * replay_rows.ROW_SIZE >> 20
    return (
        f"{options.rows:,} rows x {replay_rows.CELLS} cells of {replay_rows.VALUE_WIDTH} bytes, {wire} MiB in messages "
        f"of at most {size >> 10} KiB; {options.runs} runs on {os.cpu_count()} cores shared with the server\n"
        f"(x{SLOW}): measured on {options.rows // SLOW:,} rows, seconds multiplied by {SLOW}"
    )


def _document(options: argparse.Namespace, results: dict[int, list[Column]]) -> dict[str, Any]:
    sizes = {str(size): as_json(columns) for size, columns in results.items()}
    return {"rows": options.rows, "runs": options.runs, "cores": os.cpu_count(), "message_sizes": sizes}


def _profile(rows: int, message_size: int) -> int:
    """Profile the backup in the job and print the functions by own time (main thread only)."""
    with running_replay_server(rows, message_size) as server, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cProfile", "-s", "tottime", "-m", PROFILED]
        command += [f"--server={server}", f"--rows={rows}", f"--vault={folder}/job"]
        profiled = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    print("\n".join(profiled.stdout.splitlines()[:40]))
    return profiled.returncode


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks bigtable", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in the table")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contestant")
    sizes = [1 << 14, 1 << 16, 1 << 18, 1 << 20]
    parser.add_argument("--message_sizes", type=int, nargs="+", default=sizes, help="most bytes of a message")
    parser.add_argument("--ranges", type=int, default=8, help="key ranges that our commands are asked to make")
    names = [contestant.name for contestant in CONTESTANTS]
    parser.add_argument("--only", nargs="+", default=[], choices=names, help="measure these alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--profile", action="store_true", help="print where the backup in the job spends its time")
    return parser.parse_args(argv)
