from transforms.bigtable.schema_table import HEADINGS, schema_rows
from transforms.identity import Table


def rows(schema: dict[str, object]) -> list[tuple[object, ...]]:
    return list(schema_rows([Table(("t",), schema, "{}")]))


def test_each_family_is_a_row_with_its_rule_as_cbt_writes_it() -> None:
    day = {"max_age_micros": 86_400_000_000}
    found = rows({"families": {"g": {"gc": {"max_num_versions": 2}, "kind": "sum"}, "f": {"gc": day, "kind": "bytes"}}})
    assert found == [("t", "f", "bytes", "maxage=1d"), ("t", "g", "sum", "maxversions=2")]
    assert len(HEADINGS) == len(found[0])


def test_a_rule_of_a_form_that_nobody_knows_is_said_to_be_unknown() -> None:
    found = rows({"families": {"g": {"gc": {"x": 1}}, "h": 3}})
    assert found == [("t", "g", None, "unknown to this version"), ("t", "h", None, None)]


def test_a_schema_of_an_unknown_form_has_no_rows() -> None:
    assert rows({}) == rows({"families": ["f"]}) == []
