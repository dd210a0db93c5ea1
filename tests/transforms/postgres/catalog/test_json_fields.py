from typing import Any

import pytest

from transforms.postgres.catalog.json_fields import INT2, OID, SqlFields, text_of


def fields(**values: Any) -> SqlFields:  # noqa: ANN401 - any JSON
    return SqlFields.of(values, "a thing")


def test_fields_have_the_types_that_a_database_can_hold() -> None:
    found = fields(t="a\udcff", n=3, w="key", xs=["a", "b"], none=None)
    assert found.text("t") == "a\udcff"
    assert found.integer("n", INT2) == 3
    assert found.word("w", ("ctid", "key")) == "key"
    assert found.items("xs", text_of) == ("a", "b")
    assert (found.optional("none", text_of), found.optional("w", text_of)) == (None, "key")
    assert SqlFields.of(["x", 7], "a pair", ("name", "number")).integer("number", OID) == 7


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_zero_byte_and_half_a_surrogate_pair_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="t of a thing"):
        fields(t=text).text("t")


@pytest.mark.parametrize("number", [True, 1.0, "1", -1, 1 << 15, None])
def test_a_number_is_whole_and_in_its_range(number: object) -> None:
    with pytest.raises(ValueError, match="n of a thing is no whole number from 0 to 32767"):
        fields(n=number).integer("n", INT2)


def test_an_empty_name_another_word_and_another_list_are_refused() -> None:
    with pytest.raises(ValueError, match="n of a thing is empty"):
        fields(n="").name("n")
    with pytest.raises(ValueError, match="none of ctid, key"):
        fields(w="heap").word("w", ("ctid", "key"))
    for value in (["x"], ["x", 1, 2], {"name": "x"}, None):
        with pytest.raises(ValueError, match="a pair is no list of name, number"):
            SqlFields.of(value, "a pair", ("name", "number"))
