"""What readers that know nothing of PostgreSQL make of its shards: fastavro, DataFusion, and BigQuery's rules."""

import json
import math
import re
import string
from pathlib import Path
from typing import Any

import fastavro
import pytest
from datafusion import SessionContext
from hypothesis import example, given
from hypothesis import strategies as st

from tests.pipelines.postgres_runs import backup
from tests.postgres_zoo import make_zoo
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import module_database
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.column_form import PRESENCE
from transforms.postgres.catalog.field_names import encode
from transforms.postgres.codec.column import Column, Form

# https://cloud.google.com/bigquery/docs/schemas#column_names and /docs/loading-data-cloud-storage-avro
RESERVED = (
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
    "_CHANGE_SEQUENCE_NUMBER",
    "_CHANGE_TYPE",
    "_CHANGE_TIMESTAMP",
)
NAME_MOST, FIELDS_MOST, INTEGER_DIGITS_MOST, SCALE_MOST = 300, 10_000, 38, 38
AVRO_TYPES = {"boolean", "int", "long", "float", "double", "bytes", "string"}
LOGICAL_TYPES = {"date", "time-micros", "timestamp-micros", "local-timestamp-micros", "decimal", "uuid"}
NAME_BYTES, COLUMNS_MOST = 63, 1600  # NAMEDATALEN - 1, MaxHeapAttributeNumber

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from("_xX01 aA" + "\x7f")
IDENTIFIERS = (
    st.text(CHARACTERS, min_size=1, max_size=NAME_BYTES)
    | st.sampled_from([*RESERVED, *map(str.lower, RESERVED), "_xrow", "a_xtext", "A" * NAME_BYTES, "Aa" * 31 + "A"])
).filter(lambda name: len(name.encode()) <= NAME_BYTES)
DIGITS = st.integers(1, 38).flatmap(lambda precision: st.tuples(st.just(precision), st.integers(0, precision)))


@st.composite
def columns(draw: st.DrawFn) -> list[Column]:
    names = draw(st.lists(IDENTIFIERS, min_size=1, max_size=12, unique=True))
    forms = st.sampled_from([form for form in Form if form is not Form.PRESENCE])
    return [Column(name, encode(name), "t", "t", draw(forms), *draw(DIGITS)) for name in names]


@given(columns(), IDENTIFIERS, st.booleans())
@example([PRESENCE], "t", False)
def test_bigquery_takes_every_schema(found: list[Column], table: str, is_ascii: bool) -> None:
    schema = json.loads(avro_schema(table, found, is_ascii))
    names = [field["name"] for field in schema["fields"]]
    assert len({name.lower() for name in names}) == len(names)
    assert [name for name in names if not is_name(name)] == []
    assert [field for field in schema["fields"] if not is_type(field["type"])] == []
    fastavro.parse_schema(schema)


def is_name(name: str) -> bool:
    """Whether it is a column's name, and none that it keeps for itself."""
    is_reserved = name.upper().startswith(RESERVED)
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)) and len(name) <= NAME_MOST and not is_reserved


def is_type(kind: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether it is a plain type, a logical one, or a union of one with null."""
    if isinstance(kind, list):
        return len(kind) == 2 and kind[0] == "null" and not isinstance(kind[1], list) and is_type(kind[1])
    if isinstance(kind, str):
        return kind in AVRO_TYPES
    scale = kind.get("scale", 0)
    is_held = kind.get("precision", 0) - scale <= INTEGER_DIGITS_MOST and 0 <= scale <= SCALE_MOST
    return kind["type"] in AVRO_TYPES and kind["logicalType"] in LOGICAL_TYPES and is_held


def test_the_widest_table_has_not_too_many_fields() -> None:
    found = [Column(f"c{place}", f"c{place}", "date", "date", Form.DATE) for place in range(COLUMNS_MOST)]
    assert len(json.loads(avro_schema("t", found))["fields"]) == 2 * COLUMNS_MOST < FIELDS_MOST


def test_the_longest_name_is_not_too_long() -> None:
    longest = max(("Aa" * 31 + "A", "A" * 63, "_x" * 31, "a_xA" * 15), key=lambda name: len(encode(name)))
    assert NAME_MOST > len(encode(longest) + "_xtext") > 3 * NAME_BYTES
    assert set(encode(longest)) <= set(string.ascii_lowercase + string.digits + "_")


@pytest.fixture(scope="module")
def shards(postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every type at its extremes, and tables of every shape."""
    vault = tmp_path_factory.mktemp("readers") / "v"
    with module_database(postgres18) as database:
        make_zoo(postgres18, database, parts=["numbers", "texts", "times", "nested", "shapes"])
        assert backup(vault, postgres18.url(database)).code == 0
    return sorted(vault.glob("*/*/data/*/*.avro"))


def test_two_readers_read_the_same_from_every_shard(shards: list[Path]) -> None:
    context, seen = SessionContext(), set[str]()
    for path in shards:
        with path.open("rb") as file:
            reader = fastavro.reader(file)
            records = [plain(record) for record in reader]
        found = context.read_avro(path).to_arrow_table()
        seen |= {str(kind) for kind in found.schema.types}
        assert [plain(record) for record in found.to_pylist()] == records, path.parent.name
    kinds = {"bool", "int32", "int64", "float", "double", "binary", "string", "date32[day]", "time64[us]"}
    assert kinds | {"timestamp[us]", "timestamp[us, tz=+00:00]", "decimal128(38, 38)"} <= seen
    assert len(shards) > 40


def plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any reader's record
    """A record in which equal is equal: NaN as text, and a uuid as its bytes."""
    return {name: plain_value(value) for name, value in record.items()}


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any reader's value
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return getattr(value, "bytes", value)
