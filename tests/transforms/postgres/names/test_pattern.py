import pytest

from transforms.errors import UsageError
from transforms.postgres.names.pattern import parse_patterns


def selected(text: str, *names: tuple[str, str]) -> list[tuple[str, str]]:
    [pattern] = parse_patterns(text, "table", 2)
    return [name for name in names if pattern.matches(*name)]


def test_globs_count_outside_quotes_only() -> None:
    names = ("public", "orders"), ("public", "order*"), ("Sales", "orders"), ("sales_1", "x")
    assert selected("public.order*", *names) == [("public", "orders"), ("public", "order*")]
    assert selected('public."order*"', *names) == [("public", "order*")]
    assert selected('"Sales".*', *names) == [("Sales", "orders")]
    assert selected("SALES_?.X", *names) == [("sales_1", "x")]


def test_a_pattern_without_globs_is_one_name() -> None:
    [literal, glob] = parse_patterns('public."A",p.*', "table", 2)
    assert (literal.literal, glob.literal) == (("public", "A"), None)
    assert parse_patterns("", "table", 2) == ()


@pytest.mark.parametrize("text", ["a", "a.b.c", "a.", "a..b", 'a."b', "a.b c"])
def test_a_pattern_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="table"):
        parse_patterns(text, "table", 2)
