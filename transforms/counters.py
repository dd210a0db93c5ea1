"""Beam's counters of a job, in the namespace `shardkeep`: what an engine's own console shows while it runs.

They are updated by steps of their own, since Beam counts only in the thread in which it calls a step.
"""

from apache_beam.metrics.metric import Metrics

from transforms.report import Report
from transforms.restored import WrittenTables
from transforms.vault.format.index import IndexFile

NAMESPACE = "shardkeep"


def count_index_file(file: IndexFile) -> IndexFile:
    """Count what an index file names: each row of the backup once, however often it was read."""
    _count("rows", file.totals.rows)
    _count("bytes", file.totals.bytes)
    _count("stored_bytes", file.totals.stored_bytes)
    _count("shards", file.shards)
    return file


def count_written(written: tuple[int, WrittenTables]) -> tuple[int, WrittenTables]:
    """Count the rows that some runs of chunks have written."""
    _count("rows", sum(table.rows for table in written[1].values()))
    return written


def count_checked(report: Report) -> Report:
    """Count checks and problems."""
    _count("checks", report.checked)
    _count("problems", len(report.problems))
    return report


def _count(name: str, amount: int) -> None:
    Metrics.counter(NAMESPACE, name).inc(amount)
