"""`docs/postgres-types.md` is held to the servers' catalogs, to the code, and to other readers of Avro."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import psycopg
import pytest

from tests.docs.markdown import dead_links, read, tables
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database, relation
from tests.transforms.postgres.sessions import opened
from transforms.identity import Table
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.field_names import TEXT_SUFFIX, decode, encode
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.codec.column import Column, Form
from transforms.postgres.restore.load_plan import load_plan
from transforms.postgres.server.session import Connection

DOCUMENT = read("postgres-types.md")
HEADINGS = ["type", "Avro", "why", "loaded", "not kept"]
# Base, range and multirange types; arrays have one row.
BUILT_IN = """
    SELECT typname FROM pg_catalog.pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
        AND NOT (typcategory = 'A' AND typname LIKE E'\\\\_%')
    ORDER BY 1
"""
MADE = """
    CREATE TYPE made_enum AS ENUM ('a', 'b'); CREATE TYPE made_pair AS (a int, b text);
    CREATE DOMAIN made_digits AS numeric(9,2); CREATE DOMAIN made_fewer AS made_digits;
    CREATE DOMAIN made_list AS int4[]; CREATE TYPE made_range AS RANGE (subtype = float8);
"""
DECIMALS = ("numeric(9,2)", "numeric(38,38)", "numeric(38,0)", "numeric(1)")
# By rows of the document: columns that they speak of. Other rows name types.
SAMPLES = {
    "numeric(p,s), 0 <= s <= p <= 38": DECIMALS,
    "numeric, any other": ("numeric", "numeric(39,1)", "numeric(39)", "numeric(2,-1)", "numeric(2,3)"),
    "arrays": ("int4[]", "text[][]", "made_enum[]", "numeric(9,2)[]"),
    "composite types": ("made_pair",),
    "enum types": ("made_enum",),
    "domains": ("made_digits", "made_fewer", "made_list"),
    "range and multirange types of users": ("made_range", "made_multirange"),
}
BASES = {"made_digits": "numeric(9,2)", "made_fewer": "numeric(9,2)", "made_list": "int4[]"}
EXTENSIONS = {"citext": "citext", "hstore": "types of extensions", "vector": "types of extensions"}


def rows() -> dict[str, list[str]]:
    """The table of types: its first column, and the others."""
    [table] = [found for found in tables(DOCUMENT)["Types"] if found[0] == HEADINGS]
    return {row[0]: row[1:] for row in table[1:]}


def named(row: str) -> list[str]:
    """The types of pg_catalog that a row names; numeric has two rows, whose commas are others."""
    return ["numeric"] if row.startswith("numeric") else row.split(", ")


def columns_of(row: str) -> Sequence[str]:
    return SAMPLES.get(row) or [f'pg_catalog."{name}"' for name in named(row)]


@pytest.fixture(scope="module")
def every_type(postgres: PostgresServer) -> Iterator[tuple[Connection, Relation, dict[str, list[Column]]]]:
    """A table with columns of all types, and by rows of the document which columns they are."""
    with module_database(postgres) as database:
        kinds = {row: list(columns_of(row)) for row in rows() if row not in EXTENSIONS.values()}
        kinds |= extensions(postgres, database)
        listed = ", ".join(f"c{place} {kind}" for place, kind in enumerate(chain.from_iterable(kinds.values())))
        postgres.sql(f"{MADE} CREATE TABLE every_type ({listed})", database)
        with opened(postgres, database) as connection:
            loaded = relation(connection, "public.every_type")
            rest = iter(loaded.columns)
            yield connection, loaded, {row: [next(rest) for _ in found] for row, found in kinds.items()}


def extensions(server: PostgresServer, database: str) -> dict[str, list[str]]:
    """Types of extensions that the server has, by rows of the document."""
    found: dict[str, list[str]] = {}
    for name in set(EXTENSIONS) & set(server.sql("SELECT name FROM pg_available_extensions", database).split()):
        server.sql(f"CREATE EXTENSION {name}", database)
        found.setdefault(EXTENSIONS[name], []).append(name)
    return found


EveryType = tuple[Connection, Relation, dict[str, list[Column]]]


def test_every_built_in_type_has_a_row(every_type: EveryType) -> None:
    connection, *_ = every_type
    known = {name for row in rows() for name in named(row)}
    assert {row[0] for row in connection.execute(BUILT_IN.encode()).fetchall()} - known == set()


def test_every_row_is_of_types_that_the_server_has(every_type: EveryType) -> None:
    _, loaded, groups = every_type
    missing = set(EXTENSIONS.values()) - groups.keys()
    assert set(rows()) - groups.keys() == missing
    assert len(loaded.columns) == sum(map(len, groups.values())) > 90


def test_the_avro_types_are_those_of_the_code(every_type: EveryType) -> None:
    _, _, groups = every_type
    wrong = [
        (row, column.type, avro_words(column))
        for row, found in groups.items()
        for column in found
        if avro_words(column) != expected(row, column, 0)
    ]
    assert wrong == []


def test_the_routes_are_those_of_the_code(every_type: EveryType) -> None:
    _, loaded, groups = every_type
    wrong = [
        (row, column.type, route(loaded, column))
        for row, found in groups.items()
        for column in found
        if route(loaded, column) != expected(row, column, 2).replace("refused by the server", "text")
    ]
    assert wrong == []


def test_types_that_take_no_value_are_those_of_which_the_document_says_so(every_type: EveryType) -> None:
    connection, _, groups = every_type
    refused = {row for row, words in rows().items() if words[2] == "refused by the server"}
    assert len(refused) == 1
    taken = {column.type for row, found in groups.items() for column in found if is_taken(connection, column)}
    assert taken & {column.type for row in refused for column in groups[row]} == set()
    assert {column.type for row in groups.keys() - refused for column in groups[row]} <= taken


def is_taken(connection: Connection, column: Column) -> bool:
    """Whether the server's input function takes any text at all, if perhaps not this one."""
    try:
        connection.execute(f"SELECT %s::{column.type}".encode(), ["x"])
    except psycopg.Error as error:
        return not isinstance(error, psycopg.errors.FeatureNotSupported) or "XML" in str(error)  # built without libxml
    return True


def expected(row: str, column: Column, place: int) -> str:
    """What the document says of a column in the row; of a domain it says what it says of its base type."""
    words = rows()[row][place]
    if words != "as their base type":
        return words
    return rows()[next(name for name, kinds in SAMPLES.items() if BASES[column.type.split(".")[-1]] in kinds)][place]


def avro_words(column: Column) -> str:
    """A column's fields in the document's words."""
    first, *others = json.loads(avro_schema("t", [column]))["fields"]
    null, kind = first["type"]
    assert (null, first["default"], first["pg.type"]) == ("null", None, column.type)
    words = type_words(kind) + (", text" if column.form is Form.OUTPUT else "")
    if not others:
        return words
    [text] = others
    assert (text["name"], text["type"], text["default"]) == (first["name"] + TEXT_SUFFIX, ["null", "string"], None)
    return "two fields, " + words.replace("`, `", "` `")


def type_words(kind: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(kind, str):
        return f"`{kind}`"
    logical = kind["logicalType"]
    if logical == "decimal":
        assert set(kind) == {"type", "logicalType", "precision", "scale"}
        logical = "decimal(p,s)"
    return f"`{kind['type']}`, `{logical}`"


def route(loaded: Relation, column: Column) -> str:
    """How a table of this column alone would be loaded."""
    schema = replace(loaded, columns=(column,)).schema_json()
    return load_plan(Table(("public", "every_type"), schema, avro_schema("every_type", [column]))).route


def test_a_decimal_has_the_precision_and_scale_of_its_column(every_type: EveryType) -> None:
    _, _, groups = every_type
    found = [(column.precision, column.scale) for column in groups["numeric(p,s), 0 <= s <= p <= 38"]]
    assert found == [(9, 2), (38, 38), (38, 0), (1, 0)]


def test_texts_of_sql_ascii_are_bytes_in_every_form() -> None:
    for form in Form:
        column = Column("c", "c", "t", "t", form, 9, 2)
        fields = json.loads(avro_schema("t", [column], text_is_bytes=True))["fields"]
        plain = json.loads(avro_schema("t", [column]))["fields"]
        assert [field["type"] for field in fields] == [
            ["null", "bytes"]
            if field["type"] == ["null", "string"] and not field["name"].endswith(TEXT_SUFFIX)
            else field["type"]
            for field in plain
        ]


def test_the_settings_are_those_of_every_session(every_type: EveryType) -> None:
    connection, *_ = every_type
    [words] = re.findall(r"^Settings of every session.*?:\s(.*?)\.\n\n", DOCUMENT, re.MULTILINE | re.DOTALL)
    settings = dict(re.findall(r"`(\w+)=([^`]+)`", words))
    assert "an empty\n`search_path`" in words
    for name, value in {**settings, "search_path": ""}.items():
        found = connection.execute("SELECT pg_catalog.current_setting(%s)", [name]).fetchone()
        assert found is not None
        assert re.split(r",\s*", found[0])[0] == value, name
    assert len(settings) > 5


def test_links_lead_to_headings() -> None:
    assert dead_links(DOCUMENT) == []


def test_the_example_of_a_name_is_what_the_code_makes_of_it() -> None:
    [(name, field)] = re.findall(r"`([^`]+)` is `(\w+_x\w+|_x\w+)`", DOCUMENT)
    assert encode(name) == field
    assert decode(field) == name
    assert f"no name of a column ends in `{TEXT_SUFFIX}`" in " ".join(DOCUMENT.split())
