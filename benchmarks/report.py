"""The figures as a table for people and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.measure import Column

CEILING = "drain"
FIGURES = (("wall_seconds", 1.0), ("cpu_seconds", 1.0), ("peak_bytes", float(1 << 20)))
HEAD = (
    f"{'':34}{'wall s':>16}{'CPU s':>16}{'peak MiB':>16}{'server':>8}{'times the drain':>18}\n"
    f"{'':34}{'min  median':>16}{'min  median':>16}{'min  median':>16}{'CPU s':>8}{'wall':>9}{'CPU':>9}"
)


def table(columns: Sequence[Column]) -> str:
    """Return a table with a line for each contestant."""
    return "\n".join([HEAD, *(_line(column, columns) for column in columns)])


def as_json(columns: Sequence[Column]) -> dict[str, Any]:
    """Return min and median of every figure, and the ratio of the minima to the drain's, by contestant."""
    return {column.contestant.name: _summary(column, columns) for column in columns}


def times_the_drain(column: Column, columns: Sequence[Column], figure: str) -> float | None:
    """Return how many times the drain's minimum a column's minimum is; None if either is missing."""
    drains = [other for other in columns if other.contestant.name == CEILING and other.runs]
    return column.least(figure) / drains[0].least(figure) if drains and column.runs else None


def _line(column: Column, columns: Sequence[Column]) -> str:
    name = column.contestant.name
    name += f" (x{column.contestant.part})" if column.contestant.part > 1 else ""
    if column.problem:
        return f"{name:34}  -  {column.problem}"
    return f"{name:34}" + "".join(_cells(column, columns))


def _cells(column: Column, columns: Sequence[Column]) -> Iterator[str]:
    for figure, unit in FIGURES:
        digits = 2 if unit == 1 else 0
        yield f"{column.least(figure) / unit:8.{digits}f}{column.median(figure) / unit:8.{digits}f}"
    yield f"{column.least('server_cpu_seconds'):8.2f}"
    for figure in ("wall_seconds", "cpu_seconds"):
        ratio = times_the_drain(column, columns, figure)
        yield f"{'-':>9}" if ratio is None else f"{ratio:9.2f}"


def _summary(column: Column, columns: Sequence[Column]) -> dict[str, Any]:
    if column.problem or not column.runs:
        return {"problem": column.problem}
    figures = [name for name, _ in FIGURES] + ["server_cpu_seconds"]
    summary: dict[str, Any] = {name: {"min": column.least(name), "median": column.median(name)} for name in figures}
    ratios = {name: times_the_drain(column, columns, name) for name in ("wall_seconds", "cpu_seconds")}
    return {**summary, "times_the_drain": ratios, "rows_scaled_by": column.contestant.part}
