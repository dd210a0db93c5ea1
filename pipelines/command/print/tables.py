"""A table of text for people: columns aligned, numbers to the right."""

import re
from collections.abc import Sequence

from pipelines.command.print.escapes import one_line

_NUMBER = re.compile(r"-|-?[0-9][0-9,]*(?:\.[0-9]+)?(?:%| [A-Za-z]+(?:/s)?)?")


def render(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lines of aligned columns under their headings, without a newline at the end.

    Args:
        headings: One for each column.
        rows: Cells in the order of the headings. An int gets thousands separators, None is a dash, and invisible
            characters are escaped.

    Raises:
        ValueError: A row has another number of cells than there are headings.
    """
    lines = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    columns = [_aligned(column) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return one_line(f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell))


def _aligned(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    numbers = all(_NUMBER.fullmatch(cell) for cell in column[1:])
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in column]
