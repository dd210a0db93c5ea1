"""The figures, as a table for people and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.measure import Column

CEILING = "drain"
FIGURES = (("wall_seconds", 1.0), ("cpu_seconds", 1.0), ("peak_bytes", float(1 << 20)))


def table(columns: Sequence[Column], ceiling: str = CEILING) -> str:
    """Return a table with a line for each contestant, compared with one of them, the ceiling."""
    return "\n".join([_head(ceiling), *(_line(column, columns, ceiling) for column in columns)])


def as_json(columns: Sequence[Column], ceiling: str = CEILING) -> dict[str, Any]:
    """Return min and median of every figure, and the ratio of the minima to the ceiling's, by contestant."""
    return {column.contestant.name: _summary(column, columns, ceiling) for column in columns}


def times(column: Column, columns: Sequence[Column], figure: str, ceiling: str) -> float | None:
    """Return a column's minimum divided by the ceiling's minimum; None if either is missing."""
    found = [other for other in columns if other.contestant.name == ceiling and other.runs]
    return column.least(figure) / found[0].least(figure) if found and column.runs else None


def _head(ceiling: str) -> str:
    return (
        f"{'':34}{'wall s':>16}{'CPU s':>16}{'peak MiB':>16}{'server':>8}{f'times the {ceiling}':>18}\n"
        f"{'':34}{'min  median':>16}{'min  median':>16}{'min  median':>16}{'CPU s':>8}{'wall':>9}{'CPU':>9}"
    )


def _line(column: Column, columns: Sequence[Column], ceiling: str) -> str:
    name = column.contestant.name
    name += f" (x{column.contestant.part})" if column.contestant.part > 1 else ""
    if column.problem:
        return f"{name:34}  -  {column.problem}"
    return f"{name:34}" + "".join(_cells(column, columns, ceiling))


def _cells(column: Column, columns: Sequence[Column], ceiling: str) -> Iterator[str]:
    for figure, unit in FIGURES:
        digits = 2 if unit == 1 else 0
        yield f"{column.least(figure) / unit:8.{digits}f}{column.median(figure) / unit:8.{digits}f}"
    yield f"{column.least('server_cpu_seconds'):8.2f}"
    for figure in ("wall_seconds", "cpu_seconds"):
        ratio = times(column, columns, figure, ceiling)
        yield f"{'-':>9}" if ratio is None else f"{ratio:9.2f}"


def _summary(column: Column, columns: Sequence[Column], ceiling: str) -> dict[str, Any]:
    if column.problem or not column.runs:
        return {"problem": column.problem}
    figures = [name for name, _ in FIGURES] + ["server_cpu_seconds"]
    summary: dict[str, Any] = {name: {"min": column.least(name), "median": column.median(name)} for name in figures}
    ratios = {name: times(column, columns, name, ceiling) for name in ("wall_seconds", "cpu_seconds")}
    return {**summary, f"times_the_{ceiling}": ratios, "rows_scaled_by": column.contestant.part}
