"""Small Avro files of the vault itself: plans, receipts, index files."""

import io
from collections.abc import Iterable
from typing import Any, cast

import fastavro

_SYNC = b"Shardkeep vault\n"
"""One marker for all: equal content must give equal bytes, and nobody splits these files."""


def encode_records(schema: dict[str, Any], records: Iterable[dict[str, Any]]) -> bytes:
    """An Avro container file with `records`; equal records give equal bytes."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, records, codec="deflate", sync_marker=_SYNC)
    return buffer.getvalue()


def decode_records(data: bytes) -> list[dict[str, Any]]:
    """The records of a file whose digest has been checked before."""
    return cast(list[dict[str, Any]], list(fastavro.reader(io.BytesIO(data))))
