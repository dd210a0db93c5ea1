"""Avro names of identifiers: plain where they can be, one for each, and always read back."""

import re

import pytest
from fastavro import parse_schema
from hypothesis import given
from hypothesis import strategies as st

from transforms.postgres.catalog.field_names import ROW_FIELD, TEXT_SUFFIX, decode, encode

# What the encoding turns on, often; then everything else.
NAMES = st.text("_xX0aA1t\né", min_size=1, max_size=12) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("id", "id"),
        ("order_line_2", "order_line_2"),
        ("x_", "x_"),
        ("createdAt", "created_x41_t"),
        ("ID", "_x4944_"),
        ("Größe in m²", "_x47_r_xc3b6c39f_e_x20_in_x20_m_xc2b2_"),
        ("2nd", "_x32_nd"),
        ("_private", "_x5f_private"),
        ("a_b__c", "a_b__c"),
        ("fix_x", "fix_x5f78_"),
        ("Bxtext", "_x4278_text"),
        ("c_xtext", "c_x5f78_text"),
        ("_xrow", "_x5f78_row"),
        ("_x41_", "_x5f78_41_"),
        ("\udcff", "_xff_"),
    ],
)
def test_a_name_has_its_field(name: str, field: str) -> None:
    assert encode(name) == field
    assert decode(field) == name


@given(NAMES)
def test_every_name_comes_back(name: str) -> None:
    assert decode(encode(name)) == name


@given(NAMES)
def test_every_field_is_an_avro_name_and_says_nothing_by_case(name: str) -> None:
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", encode(name))
    parse_schema({"type": "record", "name": encode(name), "fields": [{"name": encode(name), "type": "int"}]})


@given(NAMES)
def test_no_name_holds_what_the_second_fields_and_the_row_field_end_in(name: str) -> None:
    assert TEXT_SUFFIX not in encode(name)
    assert ROW_FIELD not in encode(name)


@given(st.binary(min_size=1).map(lambda name: name.decode("utf-8", "surrogateescape")))
def test_names_that_are_not_utf8_come_back(name: str) -> None:
    assert decode(encode(name)) == name


@given(st.text("_x0123456789abcdef", max_size=12))
def test_what_is_no_encoded_name_is_refused(field: str) -> None:
    try:
        assert encode(decode(field)) == field
    except ValueError:
        return


@pytest.mark.parametrize(
    "field", ["", "A", "_a", "1a", "a_x", "_x41", "_x4_", "_x61_", "_x41__x42_", "_x4142__x43_", "a b"]
)
def test_a_field_that_encode_would_not_make_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(field)
