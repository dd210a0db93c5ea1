"""Columns as the manifest holds them, and the programs that the compiled codecs run."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import transforms.postgres
from transforms.postgres.codec.column import DIGITS_MOST, DUAL, TEXTS, UNCHECKED, Column, Form, program
from transforms.postgres.names.identifiers import Name

ANY = st.text(max_size=5)
NUMBER = st.integers(0, 1600)
NAMES = st.builds(lambda *parts: str(Name(*parts)), st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3))
COLUMNS = st.builds(
    Column, ANY, ANY, ANY, st.one_of(st.just(""), NAMES), st.sampled_from(Form), st.integers(0, 38),
    st.integers(0, 38), NUMBER, st.booleans(), st.sampled_from(["", "a", "d"]), st.one_of(st.just(""), NAMES),
)  # fmt: skip
PRICE = Column("Price", "_x50_rice", "numeric(12,2)", "pg_catalog.numeric", Form.NUMERIC, 12, 2, 3, True, "", "")


@given(COLUMNS)
def test_a_column_comes_back_from_json(column: Column) -> None:
    assert Column.from_json(json.loads(json.dumps(column.to_json()))) == column


def test_json_names_the_form_and_every_attribute() -> None:
    assert PRICE.to_json() == {
        "name": "Price", "field": "_x50_rice", "type": "numeric(12,2)", "base": "pg_catalog.numeric", "form": "NUMERIC",
        "precision": 12, "scale": 2, "number": 3, "not_null": True, "identity": "", "collation": "",
    }  # fmt: skip


def test_an_unknown_form_is_no_column() -> None:
    with pytest.raises(KeyError, match="MONEY"):
        Column.from_json({**PRICE.to_json(), "form": "MONEY"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base", "pg_catalog.int4); DROP TABLE t; --"),
        ("base", "int4"),
        ("base", 'a."b'),
        ("base", "a.b.c"),
        ("base", "a.b."),
        ("collation", "a.b "),
        ("collation", "x"),
        ("name", 1),
        ("precision", True),
        ("not_null", 1),
        ("identity", None),
    ],
)
def test_other_values_are_no_column(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"no name with a schema|not of their types"):
        Column.from_json({**PRICE.to_json(), name: value})


def test_what_a_later_version_adds_is_left_out() -> None:
    assert Column.from_json({**PRICE.to_json(), "storage": "x"}) == PRICE


def test_a_program_has_form_precision_and_scale_of_each_column() -> None:
    text = Column("t", "t", "text", "pg_catalog.text", Form.TEXT)
    assert program([PRICE, text]) == bytes([15, 12, 2, 8, 0, 0])


def test_only_texts_are_marked_in_a_program_whose_texts_are_bytes() -> None:
    columns = [Column("c", "c", "", "", form) for form in Form]
    marked = {Form(code & 0x7F) for code in program(columns, text_is_bytes=True)[::3] if code & 0x80}
    assert marked == {Form.TEXT, Form.JSONB, Form.OUTPUT}


def test_the_numbers_of_forms_are_those_of_the_compiled_codecs() -> None:
    names = "PRESENCE BOOL INT2 INT4 INT8 FLOAT4 FLOAT8 BYTES TEXT JSONB UUID DATE TIME TIMESTAMP TIMESTAMPTZ NUMERIC"
    assert [form.name for form in Form] == [*names.split(), "OUTPUT"]
    assert [*Form] == [*range(17)]


def compiled(pattern: str) -> str:
    """What the pattern's group is in the source of the compiled programs."""
    text = Path(transforms.postgres.__path__[0], "codec", "column_program.pxd").read_text(encoding="utf-8")
    found = re.search(pattern, text)
    assert found is not None
    return found[1]


def test_the_compiled_codecs_number_the_forms_as_python_does() -> None:
    names = compiled(r"cdef enum Form:\n((?:    [A-Z0-9]+\n)+)").split()
    assert list(zip(names, range(len(names)), strict=True)) == [(form.name, form.value) for form in Form]


def test_the_compiled_codecs_have_the_constants_and_kinds_of_forms_of_python() -> None:
    assert int(compiled(r"UNCHECKED = (\w+)"), 16) == UNCHECKED
    assert int(compiled(r"MOST_PRECISION = (\d+)")) == DIGITS_MOST
    assert int(compiled(r"BYTES_OF_STEP = (\d+)")) == len(program([PRICE]))
    assert {Form[name] for name in re.findall(r"form == (\w+)", compiled(r"is_text_form.*\n    return (.+)"))} == TEXTS
    first, last = compiled(r"is_dual.*\n.*\n    return (.+)").split(" <= form <= ")
    assert {form for form in Form if Form[first] <= form <= Form[last]} == DUAL
