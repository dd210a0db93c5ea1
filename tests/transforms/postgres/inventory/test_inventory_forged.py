"""Whatever stands in `database.json`, it is read as what it must be or it is damage; and no word of it becomes SQL."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.postgres.canonical_rows import column
from transforms.errors import IntegrityError, NotFoundError, RefusedError
from transforms.identity import Table
from transforms.postgres.archive.sql_script import statements
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.privilege import Privilege
from transforms.postgres.catalog.relation import Relation, check_names
from transforms.postgres.catalog.sequences import SequenceValue
from transforms.postgres.codec.column import Form
from transforms.postgres.inventory.database_properties import (
    DatabaseProperties,
    Setting,
    create_statement,
    owner_statement,
    privilege_statements,
    setting_statements,
)
from transforms.postgres.inventory.extensions import Extension
from transforms.postgres.inventory.inventory import DatabaseInventory, parse_inventory
from transforms.postgres.inventory.object_states import ObjectState
from transforms.postgres.inventory.roles import Membership, Role
from transforms.postgres.large_objects.properties import LargeObjectProperties, Span
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects.renames import Renames
from transforms.postgres.restore.load_plan import load_plan
from transforms.postgres.restore.selection import assign_tables

GRANTED = (Privilege("a", "", "CONNECT"), Privilege("a", "b", "CREATE", True))
INVENTORY = DatabaseInventory(
    DatabaseProperties(
        "d", "UTF8", "icu", "C", "C", "de", "", "1", "a", "pg_default", -1, False, GRANTED, "text",
        (Setting("", "search_path", '"a b", c'), Setting("b", "x.y", "1")),
    ),
    (Extension("hstore", "1.8", "public"),),
    (Role("a", ("owner",), ("LOGIN",)), Role("b", ("privileges",))),
    (Membership("a", "b"),),
    (SequenceValue(Name("public", "s"), 7, True),),
    (Name("public", "m"),),
    LargeObjectProperties((Span(1, 9, "a", (Privilege("a", "b", "SELECT"),)), Span(11, 11, "a", None)), ((1, "c"),)),
    (Name("public", "u"),),
    (
        ObjectState("TRIGGER", "public", "orders", "t", "disabled"),
        ObjectState("ROWS", "public", "m", "", "not populated"),
    ),
    {"server_encoding": "UTF8", "notes": []},
)  # fmt: skip
RELATION = Relation(
    17000, Name("public", "orders"), (column(Form.INT8, "id"), column(Form.TEXT, "note")),
    partition_root=Name("public", "all"), hash_partitioned=True, parents=(Name("public", "all"),),
    key=Key("orders_pkey", (0,)), order="key",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 40, 1 << 70, 1.5, float("nan"), "", "x", "a\0b", "\ud800", "\udcff", '"; COMMIT; --',
    [], {}, ["a", "b"], [[]], {"a": 1}, ["a", "", "ALL ON DATABASE d TO public; COMMIT; GRANT CONNECT", False],
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield from paths(each, (*path, name))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:  # noqa: ANN401 - any JSON
    """A copy with another value in a place; without the place if the new value is KeyError."""
    whole = deepcopy(value)
    *outer, last = path
    place = whole
    for name in outer:
        place = place[name]
    if new is KeyError:
        del place[last]
    else:
        place[last] = new
    return whole


def use(inventory: DatabaseInventory) -> None:
    """Every statement that is made of it is one statement, whatever its names are."""
    properties = inventory.properties
    made = [create_statement(properties, "d", 180000), owner_statement(properties, "d")]
    made += [*setting_statements(properties, "d"), *privilege_statements(properties, "d")]
    for statement in made:
        assert len(statements(statement.as_bytes(None))) == 1


PLACES = list(paths(INVENTORY.to_json()))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(PLACES), st.sampled_from((*VALUES, KeyError)))
def test_a_changed_field_is_read_or_damage(path: tuple[Any, ...], new: object) -> None:
    data = json.dumps(changed(INVENTORY.to_json(), path, new)).encode()
    with suppress(IntegrityError, RefusedError):  # anything else fails; a locale that the server lacks is refused
        use(parse_inventory(data))


def test_it_comes_back() -> None:
    use(INVENTORY)
    assert parse_inventory(INVENTORY.encode()) == INVENTORY


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"format": ' + b"9" * 5_000 + b"}",
        b'{"format": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        INVENTORY.encode()[:-9],
        INVENTORY.encode().replace(b'"format": 1', b'"format": 2'),
    ],
    ids=range(10),
)
def test_other_bytes_are_damage(data: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"database\.json cannot be read"):
        parse_inventory(data)


@pytest.mark.parametrize("word", ["ALL", "CONNECT ON DATABASE d TO x; DROP DATABASE e", "connect", "EXECUTE", ""])
def test_a_privilege_is_one_that_there_is(word: str) -> None:
    data = INVENTORY.to_json()
    data["properties"]["privileges"][0][2] = word
    with pytest.raises(IntegrityError, match=r"word of a privilege is .*none of CONNECT, CREATE"):
        parse_inventory(json.dumps(data).encode())


SCHEMA = RELATION.schema_json()
TABLE = Table(("public", "orders"), SCHEMA, avro_schema("orders", RELATION.columns))


def test_rows_of_a_known_table_go_into_it_by_one_statement() -> None:
    assert load_plan(TABLE).statement == b'COPY "public"."all" ("id", "note") FROM STDIN (FORMAT binary)'


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(list(paths(SCHEMA))), st.sampled_from((*VALUES, KeyError)))
def test_a_table_with_a_changed_field_is_read_or_damage(path: tuple[Any, ...], new: object) -> None:
    with suppress(IntegrityError):
        plan = load_plan(Table(TABLE.parts, changed(SCHEMA, path, new), TABLE.avro_schema))
        assert len(statements(plan.statement)) == 1


@pytest.mark.parametrize("schema", [None, [], {}, {"kind": "table"}, {"kind": 1}, {"kind": ["table"]}], ids=str)
def test_a_table_without_names_is_damage(schema: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(IntegrityError, match="The manifest does not describe"):
        check_names(Table(("public", "orders"), schema, "{}"))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(list(paths(SCHEMA))), st.sampled_from((*VALUES, KeyError)))
def test_a_table_is_chosen_by_its_names_or_damage(path: tuple[Any, ...], new: object) -> None:
    renames = Renames(tables=((RELATION.name, Name("public", "new")),))
    with suppress(IntegrityError, NotFoundError):
        assign_tables(renames, [check_names(Table(TABLE.parts, changed(SCHEMA, path, new), TABLE.avro_schema))])


@pytest.mark.parametrize("schema", ["pg_catalog", "information_schema", "pg_toast", "pg_temp_3"])
def test_no_rows_go_into_the_server_s_own_tables(schema: str) -> None:
    for field in ("schema", "partition_root"):
        value: object = schema if field == "schema" else [schema, "pg_authid"]
        forged = {**SCHEMA, "hash_partitioned": field != "schema", field: value}
        with pytest.raises(IntegrityError, match="the server's own"):
            load_plan(Table(TABLE.parts, forged, TABLE.avro_schema))
