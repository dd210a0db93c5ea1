"""Small Avro files of the vault itself: plans, receipts, index files.

They are decoded with our schema, never with the one in their header, which must be the same: a schema from outside may
describe a billion records that take no bytes. Inflated, a file has at most `LARGEST_FILE` bytes.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar, cast

import fastavro
from fastavro.schema import SchemaParseException, parse_schema, to_parsing_canonical_form

from transforms.avro.block import CODEC, decode_blocks, encode_block
from transforms.avro.header import Header, decode_header
from transforms.errors import RefusedError
from transforms.json_fields import blamed_on

T = TypeVar("T")

LARGEST_FILE = 256 << 20
"""Most bytes of a file's uncompressed records: the entries of a million chunks with keys of some 100 bytes."""

_SYNC = b"Shardkeep vault\n"
"""The same marker in all files: equal content must give equal bytes, and these files are never split."""


def encode_records(schema: dict[str, Any], records: Iterable[dict[str, Any]]) -> bytes:
    """An Avro container file with `records` in one block; equal records give equal bytes.

    Raises:
        RefusedError: if they are larger than a reader accepts.
    """
    text = json.dumps(schema)
    parsed, buffer, count = _parsed(text), io.BytesIO(), 0
    for record in records:
        fastavro.schemaless_writer(buffer, parsed, record)
        count += 1
        if buffer.tell() > LARGEST_FILE:
            raise RefusedError(
                f"a plan, receipt or index file has more than {LARGEST_FILE:,} bytes of records, which no reader takes:"
                " the table has too many chunks in too few ranges. Give a larger --chunk_size or more --ranges."
            )
    block = encode_block(buffer.getbuffer(), count, _SYNC) if count else b""
    return Header(text, _SYNC).encode() + block


def decode_records(data: bytes, schema: dict[str, Any], name: str, made_of: Callable[[dict[str, Any]], T]) -> list[T]:
    """The values that `made_of` makes of the records of the file `name`, which must have this schema.

    Raises:
        IntegrityError: if the bytes are anything else, or if a record makes `made_of` raise.
    """
    with blamed_on(name):
        return [made_of(record) for record in _records(data, json.dumps(schema))]


def _records(data: bytes, schema: str) -> Iterator[dict[str, Any]]:
    header, start = decode_header(data)
    if header.codec != CODEC or _canonical(header.schema) != _canonical(schema):
        raise ValueError("it is no Avro file of this kind: the header names another schema, or another codec")
    for block in decode_blocks(data[start:], header.sync, LARGEST_FILE):
        records = io.BytesIO(block.records)
        for _ in range(block.count):
            yield cast(dict[str, Any], fastavro.schemaless_reader(records, _parsed(schema), None))
        if records.tell() != len(block.records):
            raise ValueError("there are bytes behind the last record of a block")


@lru_cache(maxsize=16)
def _parsed(schema: str) -> Any:  # noqa: ANN401 -- what fastavro makes of a schema
    return parse_schema(json.loads(schema))


@lru_cache(maxsize=16)
def _canonical(schema: str) -> str:
    """A schema's Parsing Canonical Form (Avro 1.12): it is equal for schemas that decode alike."""
    try:
        return to_parsing_canonical_form(json.loads(schema))
    except SchemaParseException as error:
        raise ValueError(f"its Avro schema is none: {error}") from error
