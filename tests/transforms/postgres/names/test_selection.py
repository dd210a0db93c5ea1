"""Which tables patterns select."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import NotFoundError, UsageError
from transforms.postgres.names.identifiers import Name, always_quoted
from transforms.postgres.names.pattern import parse_patterns
from transforms.postgres.names.selection import Candidate, Selection, parse_where

ORDERS, LINES, UPPER = Name("public", "orders"), Name("public", "order_lines"), Name("public", "Orders")
EAST, WEST, ROOT = Name("sales", "east"), Name("sales", "west"), Name("sales", "all_regions")
STAR = Name("My Schema", "a*b")
EMPTY = Name("public", "empty")
TABLES = [
    *map(Candidate, (ORDERS, LINES, UPPER, STAR)),
    Candidate(EAST, (ROOT,)),
    Candidate(WEST, (Name("sales", "coasts"), ROOT)),
]
SCHEMAS = ["My Schema", "empty", "public", "sales"]


def selected(schema: str = "", table: str = "", exclude_table: str = "", where: tuple[str, ...] = ()) -> set[Name]:
    return set(Selection.parse(schema, table, exclude_table, where).select(TABLES, SCHEMAS, [EMPTY]))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, {ORDERS, LINES, UPPER, STAR, EAST, WEST}),
        ({"schema": "public"}, {ORDERS, LINES, UPPER}),
        ({"schema": "PUBLIC , sales"}, {ORDERS, LINES, UPPER, EAST, WEST}),
        ({"schema": "empty"}, set()),
        ({"schema": '"My Schema"'}, {STAR}),
        ({"schema": '"My "*'}, {STAR}),
        ({"table": "public.orders"}, {ORDERS}),
        ({"table": "Public.ORDERS"}, {ORDERS}),
        ({"table": 'public."Orders"'}, {UPPER}),
        ({"table": "public.order*"}, {ORDERS, LINES}),
        ({"table": "public.?rders"}, {ORDERS, UPPER}),
        ({"table": "*.*"}, {ORDERS, LINES, UPPER, STAR, EAST, WEST}),
        ({"table": '*."a*b"'}, {STAR}),
        ({"table": "public.orders,sales.east"}, {ORDERS, EAST}),
        ({"schema": "sales", "table": "public.orders"}, {ORDERS, EAST, WEST}),
        ({"exclude_table": "public.*"}, {STAR, EAST, WEST}),
        ({"table": "public.*", "exclude_table": "*.order*,public.orders"}, {UPPER}),
    ],
)
def test_patterns_select_by_sql_names_and_globs(options: dict[str, Any], names: set[Name]) -> None:
    assert selected(**options) == names


def test_a_partitioned_table_stands_for_all_of_its_partitions() -> None:
    assert selected(table="sales.all_regions") == {EAST, WEST}
    assert selected(table="sales.coasts") == {WEST}
    assert selected(schema="sales", exclude_table="sales.coasts") == {EAST}


def test_a_partitioned_table_without_partitions_may_be_named() -> None:
    assert selected(table="public.empty") == set()


@pytest.mark.parametrize("option", ["table", "exclude_table"])
def test_a_pattern_without_a_table_is_an_error_that_names_those_there_are(option: str) -> None:
    expected = rf"^--{option}=public\.nothing: the database has no such table\. It has: .*public\.orders"
    with pytest.raises(NotFoundError, match=expected):
        Selection.parse(**{option: "public.*,public.nothing"}).select(TABLES, SCHEMAS)


def test_a_schema_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotFoundError, match=r"^--schema=publik: the database has no such schema. It has: My Schema, e"):
        selected(schema="publik")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table": "orders"}, "write SCHEMA.TABLE"),
        ({"table": "a.b.c"}, "write SCHEMA.TABLE"),
        ({"schema": "a.b"}, "write SCHEMA"),
        ({"table": "public.my table"}, "unexpected 't' behind public.my"),
        ({"table": "public.a-b"}, "unexpected '-'"),
        ({"table": ",public.a"}, "no name in SQL's syntax"),
        ({"table": 'public."a'}, "no name in SQL's syntax"),
    ],
)
def test_a_malformed_pattern_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Selection.parse(**options)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_name_selects_itself_and_nothing_else(name: str) -> None:
    (pattern,) = parse_patterns(f"public.{always_quoted(name)}", "table", 2)
    assert pattern.matches("public", name)
    assert not pattern.matches("public", name + "x")


@pytest.mark.parametrize(
    ("text", "table", "predicate"),
    [
        ("public.orders:id < 10", ORDERS, "id < 10"),
        ('"My Schema"."a*b": note = \'a:b\' ', STAR, "note = 'a:b'"),
        ('public."a:b"::true', Name("public", "a:b"), ":true"),
    ],
)
def test_a_condition_is_split_at_the_colon_behind_the_name(text: str, table: Name, predicate: str) -> None:
    where = parse_where(text)
    assert (where.table, where.predicate) == (table, predicate)


@pytest.mark.parametrize("text", ["", "public.orders", "public.orders:", "orders:true", "public.a*:true", "a b:true"])
def test_a_condition_without_table_or_predicate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--where="):
        parse_where(text)


def test_a_condition_is_on_a_selected_table() -> None:
    with pytest.raises(NotFoundError, match=r"^--where=sales.east:true: the selection has no such table"):
        selected(schema="public", where=("sales.east:true",))


def test_a_condition_on_a_partitioned_table_is_one_on_each_partition() -> None:
    selection = Selection.parse(where=["sales.all_regions:id < 5"])
    assert [selection.predicate(table) for table in TABLES] == ["", "", "", "", "id < 5", "id < 5"]


def test_two_conditions_on_one_table_are_refused() -> None:
    with pytest.raises(UsageError, match="has a condition already"):
        Selection.parse(where=["public.orders:true", "public.orders:false"])
    with pytest.raises(UsageError, match=r"both are about sales\.east"):
        selected(where=("sales.east:true", "sales.all_regions:false"))


def test_a_selection_of_everything_knows_that_it_is() -> None:
    assert Selection.parse().is_whole
    assert not Selection.parse(schema="public").is_whole
    assert Selection.parse(exclude_table="public.a", where=["public.orders:true"]).is_whole
