"""The dialect is POSIX's, and a value of several lines is one text."""

import pytest

from tests.servers.egrep import matches


def test_expressions_are_those_of_egrep() -> None:
    assert matches("^(a|b)+$", "abba")
    assert matches("b", "abc")
    assert matches("^[[:alnum:]]+$", "a1")
    assert not matches(r"^\d+$", "12")
    assert not matches("^a$", "b\na")


def test_an_expression_that_egrep_cannot_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="Unmatched"):
        matches("(", "x")
