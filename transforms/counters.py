"""Beam's counters of a job, in the namespace `shardkeep`; an engine's console shows them while the job runs.

Separate steps update them, since Beam counts only in the thread in which it calls a step.
"""

from apache_beam.metrics.metric import Metrics

from transforms.report import Report
from transforms.restored import WrittenTables
from transforms.vault.format.index import IndexFile

NAMESPACE = "shardkeep"


def count_index_file(file: IndexFile) -> IndexFile:
    """Count the rows and shards of an index file: each row of the backup once, however often it was read."""
    _count("rows", file.totals.rows)
    _count("bytes", file.totals.bytes)
    _count("stored_bytes", file.totals.stored_bytes)
    _count("shards", file.shards)
    return file


def count_written(written: tuple[int, WrittenTables]) -> tuple[int, WrittenTables]:
    """Count the rows that were written from runs of chunks."""
    _count("rows", sum(table.rows for table in written[1].values()))
    return written


def count_checked(report: Report) -> Report:
    """Count checks and problems."""
    _count("checks", report.checked)
    _count("problems", len(report.problems))
    return report


def _count(name: str, amount: int) -> None:
    Metrics.counter(NAMESPACE, name).inc(amount)
