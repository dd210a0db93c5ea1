"""Measures the start of a backup: from the start of the process until the intent is written; then it fails."""

import json
import sys
import time
from collections.abc import Sequence

import apache_beam as beam

from benchmarks.stopwatch import peak_bytes
from pipelines import bigtable_backup
from pipelines.command.backup import run_backup
from transforms.backup_work import BackupWork

_BEGAN = time.perf_counter()


class ClaimedError(Exception):
    """The intent is in the vault."""


def main(argv: Sequence[str] | None = None) -> int:
    """Begin a backup with the arguments of `bigtable-backup`; print a JSON line with the seconds and bytes."""
    try:
        run_backup(bigtable_backup.configure(sys.argv[1:] if argv is None else argv), _report)
    except ClaimedError:
        return 0
    return 1


def _report(pipeline: beam.Pipeline, work: BackupWork) -> None:
    """Called in place of building the job's graph, which happens when the intent has been written."""
    figures = {"wall_seconds": time.perf_counter() - _BEGAN, "cpu_seconds": time.process_time()}
    print(json.dumps({**figures, "peak_bytes": peak_bytes(), "rows": 0, "bytes": 0}), flush=True)
    raise ClaimedError


if __name__ == "__main__":
    sys.exit(main())
