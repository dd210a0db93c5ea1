from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.escapes import lines, one_line


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert one_line("a\x1b[2J\nb\t\u202e\x7f\x9b") == r"a\x1b[2J\nb\t\u202e\x7f\x9b"
    assert lines("a\x1b\nb\tc\r") == "a\\x1b\nb\tc\\r"


@given(st.text())
def test_nothing_invisible_is_left_and_what_is_visible_stays(text: str) -> None:
    assert one_line(text).isprintable()
    assert all(part.isprintable() for line in lines(text).split("\n") for part in line.split("\t"))
    if text.isprintable():
        assert one_line(text) == lines(text) == text


def test_half_of_a_surrogate_pair_can_be_printed() -> None:
    assert one_line("\udc80").encode() == b"\\udc80"
