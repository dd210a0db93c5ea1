"""Cloud Storage: compare our streams with the client library's, side by side, in your bucket.

python -m benchmarks cloud_storage --place gs://my-bucket/bench

The bucket is in the emulator at STORAGE_EMULATOR_HOST if that is set, else Google's. Every run leaves an object of
`--size` bytes for each line under the place: delete them afterwards.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.child import ChildError, run_module
from benchmarks.cloud_storage.transfer import WAYS
from benchmarks.measure import Column, Figures, add_run, figures
from benchmarks.report import as_json, table

CEILING = "one request"


@dataclass(frozen=True)
class Way:
    """A line of the report: a way to write an object, or to read one."""

    name: str
    part: int = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run every way `--runs` times and print the figures; return 1 if one failed."""
    options = _parse(argv)
    columns = {way: Column(Way(way)) for way in WAYS}
    for run in range(options.runs):
        for way, column in columns.items():
            add_run(column, partial(_run, way, f"{options.place}/{os.getpid()}-{run}", options.size << 20))
    listed = list(columns.values())
    if options.json:
        print(json.dumps(as_json(listed, CEILING), indent=2))
    else:
        print(f"{options.size} MiB, {options.runs} runs on {os.cpu_count()} cores\n{table(listed, CEILING)}")
    return int(any(column.problem for column in listed))


def _run(way: str, place: str, size: int) -> Figures:
    usage = run_module("benchmarks.cloud_storage.transfer", [f"--way={way}", f"--place={place}", f"--size={size}"], {})
    if usage.printed.get("bytes") != size:
        raise ChildError(f"{way} moved {usage.printed.get('bytes')} bytes, not {size}")
    return figures(usage, timed=True, part=1, server_cpu=0.0)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks cloud_storage", allow_abbrev=False)
    parser.add_argument("--place", required=True, help="gs://BUCKET/FOLDER for the objects")
    parser.add_argument("--size", type=int, default=256, help="MiB of each object (default 256)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each line (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(argv)
