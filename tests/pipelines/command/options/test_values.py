import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.options.values import parse_flag, parse_list, parse_text
from transforms.errors import UsageError

ITEMS = st.lists(st.text("ab:*_ ", min_size=1).map(str.strip).filter(bool), min_size=1, unique=True)


@given(ITEMS)
def test_a_list_is_what_was_joined_with_commas_and_spaces(items: list[str]) -> None:
    assert parse_list(" , ".join(items), "--x") == tuple(items)


@pytest.mark.parametrize(("text", "words"), [("a,,b", "empty item"), ("", "empty item"), ("a,b,a", "more than once")])
def test_a_list_with_empty_or_repeated_items_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^--x: .*{words}"):
        parse_list(text, "--x")


def test_a_text_must_not_be_empty() -> None:
    assert parse_text(" ", "--x") == " "
    with pytest.raises(UsageError, match=r"^--x has an empty value"):
        parse_text("", "--x")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False)])
def test_a_flag_is_true_or_false_in_any_case(text: str, value: bool) -> None:
    assert parse_flag(text, "--x") is value


@pytest.mark.parametrize("text", ["yes", "1", "", "true "])
def test_no_other_word_is_a_flag(text: str) -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        parse_flag(text, "--x")
