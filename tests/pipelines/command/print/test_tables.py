"""Tables of text: aligned, and safe to print whatever a name holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.tables import render


def test_words_stand_to_the_left_and_numbers_to_the_right() -> None:
    rows: list[list[object]] = [
        ["flights", 27004, "1.2 MiB", True],
        ["w", 7, "17 B", None],
        ["nothing", None, "-", "x"],
    ]
    assert render(["TABLE", "ROWS", "SIZE", "KEEP"], rows).splitlines() == [
        "TABLE      ROWS     SIZE  KEEP",
        "flights  27,004  1.2 MiB  True",
        "w             7     17 B  -",
        "nothing       -        -  x",
    ]


def test_dates_and_ids_are_words() -> None:
    assert render(["ID", "N"], [["20260901T020000Z-7f3a", 1], ["2026-09-01", 2]]).splitlines()[2] == (
        "2026-09-01             2"
    )


def test_a_table_without_rows_is_its_headings() -> None:
    assert render(["A", "B"], []) == "A  B"


def test_a_row_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        render(["A", "B"], [["a"]])


def test_control_characters_are_escaped() -> None:
    assert render(["A"], [["a\nb\x1b[31m"]]) == "A\na\\nb\\x1b[31m"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_every_row_is_one_line(rows: list[list[str]]) -> None:
    assert len(render(["A", "B"], rows).split("\n")) == len(rows) + 1
