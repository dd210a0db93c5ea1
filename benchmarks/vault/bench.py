"""A vault of many backups: the cost of list, show and the start of a backup, compared with an empty vault.

python -m benchmarks vault --backups 2000

The vaults are in a temporary folder, or under `--place gs://BUCKET/FOLDER`, in the emulator at STORAGE_EMULATOR_HOST if
that is set; delete them there afterwards.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.child import run_command
from benchmarks.contestant import INSTANCE, PROJECT, TABLE
from benchmarks.measure import Column, Figures, add_run, figures
from benchmarks.replay_process import running_replay_server
from benchmarks.report import as_json, table
from benchmarks.vault.fill import fill
from transforms.vault.vault import open_or_create_vault

_SOURCE = (f"--bigtable_project={PROJECT}", f"--instance={INSTANCE}", f"--table={TABLE}")
_MESSAGE_SIZE = 1 << 16
Command = Callable[[str, str], Sequence[str]]
"""The module to run and its arguments, for the places of an empty vault and of a full one."""


@dataclass(frozen=True)
class Look:
    """A line of the report; `timed` as in `benchmarks.contestant`."""

    name: str
    command: Command
    timed: bool = False
    part: int = 1


CEILING = "start of a backup, empty vault"
LOOKS = (
    Look(CEILING, lambda empty, _: ("benchmarks.vault.begin", f"--vault={empty}", *_SOURCE), timed=True),
    Look("start of a backup", lambda _, full: ("benchmarks.vault.begin", f"--vault={full}", *_SOURCE), timed=True),
    Look("list", lambda _, full: ("pipelines.list_backups", f"--vault={full}")),
    Look("list, last 10", lambda _, full: ("pipelines.list_backups", f"--vault={full}", "--last=10")),
    Look("show, latest", lambda _, full: ("pipelines.show_backup", f"--vault={full}", "--backup=latest")),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run every line `--runs` times and print the figures; return 1 if one failed."""
    options = _parse(argv)
    with tempfile.TemporaryDirectory(prefix="shardkeep-bench-") as folder:
        columns = measure(options.place or folder, options.backups, options.tables, options.runs)
    if options.json:
        print(json.dumps({"backups": options.backups, "tables": options.tables, **as_json(columns, CEILING)}, indent=2))
    else:
        print(f"{options.backups:,} backups of {options.tables} tables; {options.runs} runs on {os.cpu_count()} cores")
        print(table(columns, CEILING))
    return int(any(column.problem for column in columns))


def measure(place: str, backups: int, tables: int, runs: int) -> list[Column]:
    """Make an empty vault and one of `backups` backups under a place, and return a column for each line."""
    empty, full = (f"{place}/{os.getpid()}-{name}" for name in ("empty", "full"))
    open_or_create_vault(empty)
    fill(full, backups, tables)
    columns = {look: Column(look) for look in LOOKS}
    with running_replay_server(1, _MESSAGE_SIZE, table=TABLE) as server:
        for _ in range(runs):
            for look, column in columns.items():
                add_run(column, partial(_run, look, look.command(empty, full), server))
    return list(columns.values())


def _run(look: Look, command: Sequence[str], server: str) -> Figures:
    words = [sys.executable, "-W", "ignore", "-m", *command]
    usage = run_command(words, {"BIGTABLE_EMULATOR_HOST": server}, prints=look.timed)
    return figures(usage, look.timed, part=1, server_cpu=0.0)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks vault", allow_abbrev=False)
    parser.add_argument("--place", default="", help="gs://BUCKET/FOLDER for the vaults (default a temporary folder)")
    parser.add_argument("--backups", type=int, default=2000, help="backups in the vault (default 2000)")
    parser.add_argument("--tables", type=int, default=10, help="tables of each (default 10)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each line (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)
