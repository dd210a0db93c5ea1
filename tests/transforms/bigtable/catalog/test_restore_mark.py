"""The mark of an unfinished table: a family that the service takes, known again, and never part of a schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables import FAMILIES, FAMILY_LETTERS
from transforms.bigtable.catalog.restore_mark import RestoreMark, take_off
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema

BACKUPS = st.from_regex(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", fullmatch=True)
MARKS = st.builds(RestoreMark.of, BACKUPS, st.text())


@given(MARKS, st.sets(FAMILIES))
def test_a_mark_is_found_and_taken_off(mark: RestoreMark, families: set[str]) -> None:
    schema = TableSchema(dict.fromkeys(sorted(families), FamilySchema()), "MICROS")
    marked = TableSchema({**schema.families, mark.family: FamilySchema()}, "MICROS")
    assert take_off(marked) == (schema, mark)
    assert take_off(schema) == (schema, None)


@given(MARKS)
def test_the_name_is_one_of_a_family(mark: RestoreMark) -> None:
    assert len(mark.family) <= 64
    assert set(mark.family) <= set(FAMILY_LETTERS)


def test_tables_of_one_backup_have_marks_of_their_own() -> None:
    first, second = (RestoreMark.of("20260101T000000Z-abcdef", table) for table in ("a", "b"))
    assert first.family == "shardkeep-restoring-20260101T000000Z-abcdef-ca978112"
    assert first != second


@pytest.mark.parametrize("name", ["shardkeep-restoring", "shardkeep-restoring-2026-ca978112", "restoring"])
def test_other_families_are_no_marks(name: str) -> None:
    schema = TableSchema({name: FamilySchema()})
    assert take_off(schema) == (schema, None)
