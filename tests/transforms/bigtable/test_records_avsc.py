from io import BytesIO

import fastavro

from tests.transforms.bigtable.read_rows_stream import SCHEMA


def test_the_schema_is_that_of_googles_template() -> None:
    assert list(SCHEMA) == ["type", "name", "namespace", "fields"]
    assert (SCHEMA["name"], SCHEMA["namespace"]) == ("BigtableRow", "com.google.cloud.teleport.bigtable")
    key, cells = SCHEMA["fields"]
    assert key == {"name": "key", "type": "bytes"}
    assert (cells["name"], cells["type"]["type"]) == ("cells", "array")
    cell = cells["type"]["items"]
    assert list(cell) == ["type", "name", "fields"]
    assert cell["name"] == "BigtableCell"
    assert [list(field.values()) for field in cell["fields"]] == [
        ["family", "string"],
        ["qualifier", "bytes"],
        ["timestamp", "long", "timestamp-micros"],
        ["value", "bytes"],
    ]


def test_a_timestamp_past_the_year_9999_is_a_plain_number_to_readers() -> None:
    row = {"key": b"k", "cells": [{"family": "f", "qualifier": b"", "timestamp": 2**63 - 1, "value": b""}]}
    written = BytesIO()
    fastavro.writer(written, SCHEMA, [row])
    written.seek(0)
    assert list(fastavro.reader(written)) == [row]
