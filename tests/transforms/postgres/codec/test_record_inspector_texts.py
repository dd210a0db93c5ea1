"""Texts of the second field: those alone that PostgreSQL writes of what the first field cannot hold."""

from array import array

import pytest

from tests.transforms.postgres.canonical_rows import column, record, second
from transforms.errors import IntegrityError
from transforms.postgres.codec.column import Form, program
from transforms.postgres.codec.record_inspector import inspect


def inspect_text(form: Form, text: str, precision: int = 0, scale: int = 0) -> "array[int]":
    columns = [column(form, precision=precision, scale=scale)]
    return inspect(program(columns), record(columns, [second(text)]))


FAR_DATES = ["infinity", "-infinity", "10000-01-01", "5874897-12-31", "4714-11-24 BC", "0001-12-31 BC", "0005-02-29 BC"]
NO_DATES = [
    "",
    "Infinity",
    "9999-12-31",
    "010000-01-01",
    "5874898-01-01",
    "10000-13-01",
    "10000-00-01",
    "10000-01-00",
    "10001-02-29",
    "10000-04-31",
    "10000-1-01",
    "10000-01-01 AD",
    "10000-01-01 ",
    "10000-01-01 BC BC",
    "0000-01-01 BC",
    "4714-11-23 BC",
    "4715-01-01 BC",
    "99999999999999999999-01-01",
    "44-03-15 BC",
    "0004-02-29 BC",
    "-10000-01-01",
]


@pytest.mark.parametrize("text", FAR_DATES)
def test_texts_of_far_dates_pass(text: str) -> None:
    assert len(inspect_text(Form.DATE, text)) == 1


@pytest.mark.parametrize("text", NO_DATES)
def test_other_texts_of_dates_are_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="date or time"):
        inspect_text(Form.DATE, text)


FAR_TIMESTAMPS = [
    "infinity",
    "-infinity",
    "294276-12-31 23:59:59.999999{}",
    "4714-11-24 00:00:00{} BC",
    "0044-03-15 10:00:00.5{} BC",
]
NO_TIMESTAMPS = [
    "10000-01-01{}",
    "10000-01-01 24:00:00{}",
    "10000-01-01 00:60:00{}",
    "10000-01-01 00:00:60{}",
    "10000-01-01 00:00:00.{}",
    "10000-01-01 00:00:00.10{}",
    "10000-01-01 00:00:00.1234567{}",
    "10000-01-01 00:00:00{}+00",
    "10000-01-01T00:00:00{}",
    "9999-12-31 00:00:00{}",
    "294277-01-01 00:00:00{}",
    "294377-01-01 00:00:00{}",
    "299999-12-31 23:59:59.999999{}",
    "5874897-01-01 00:00:00{}",
    "9999999-01-01 00:00:00{}",
    "4714-11-23 23:59:59.999999{} BC",
    "0044-03-15 10:00:00 BC{}",
    "-Infinity",
]


@pytest.mark.parametrize(("form", "zone"), [(Form.TIMESTAMP, ""), (Form.TIMESTAMPTZ, "+00")])
@pytest.mark.parametrize("text", FAR_TIMESTAMPS)
def test_texts_of_far_timestamps_pass(text: str, form: Form, zone: str) -> None:
    assert len(inspect_text(form, text.format(zone))) == 1


@pytest.mark.parametrize("text", NO_TIMESTAMPS[:-2])
@pytest.mark.parametrize(("form", "zone"), [(Form.TIMESTAMP, ""), (Form.TIMESTAMPTZ, "+00")])
def test_other_texts_of_timestamps_are_refused(text: str, form: Form, zone: str) -> None:
    with pytest.raises(IntegrityError, match="date or time"):
        inspect_text(form, text.format(zone))


@pytest.mark.parametrize("text", ["0044-03-15 10:00:00 BC+00", "-Infinity", "10000-01-01 00:00:00", "infinity+00"])
def test_a_zone_stands_before_the_era_and_is_not_left_out(text: str) -> None:
    with pytest.raises(IntegrityError, match="date or time"):
        inspect_text(Form.TIMESTAMPTZ, text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1000", "0.1", "0.100", "-1000.00", "9" * 131072 + "." + "9" * 16383, "0", "-5.5"],
)
def test_texts_of_numerics_that_the_decimal_cannot_hold_pass(text: str) -> None:
    assert len(inspect_text(Form.NUMERIC, text, 5, 2)) == 1


NO_NUMERICS = [
    "",
    "-",
    "nan",
    "-NaN",
    "1.",
    ".5",
    "01",
    "00.5",
    "+1",
    "1e5",
    "1,5",
    "1.5.5",
    "--1",
    "-0",
    "-0.000",
    " 1",
    "9" * 131073,
    "0." + "9" * 16384,
]


@pytest.mark.parametrize("text", NO_NUMERICS, ids=lambda text: text[:9])
def test_other_texts_of_numerics_are_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="what PostgreSQL writes"):
        inspect_text(Form.NUMERIC, text, 5, 2)


@pytest.mark.parametrize(
    ("text", "precision", "scale"), [("0.00", 5, 2), ("-999.99", 5, 2), ("0.5", 1, 1), ("7", 1, 0), ("0", 1, 0)]
)
def test_a_numeric_that_fits_into_the_decimal_stands_there(text: str, precision: int, scale: int) -> None:
    with pytest.raises(IntegrityError, match="fits into its decimal"):
        inspect_text(Form.NUMERIC, text, precision, scale)
