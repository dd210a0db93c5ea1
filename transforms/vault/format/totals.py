"""Sums over the chunks of a range, a table or a backup."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from transforms.json_fields import Fields
from transforms.vault.format.shard import Chunk

HASH = "murmur3-x64-128"
"""The hash of a record in table digests: MurmurHash3 x64 128, seed 0, little-endian."""

_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows, records, uncompressed and stored bytes of chunks, and the sum of their records' hashes."""

    rows: int = 0
    records: int = 0
    bytes: int = 0
    stored_bytes: int = 0
    hash_sum: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        """The sum of two totals."""
        return Totals(
            self.rows + other.rows,
            self.records + other.records,
            self.bytes + other.bytes,
            self.stored_bytes + other.stored_bytes,
            (self.hash_sum + other.hash_sum) % _MODULUS,
        )

    @property
    def digest(self) -> str:
        """The table digest: it does not depend on ranges, chunks, shards or order."""
        return f"{HASH}:{self.hash_sum:032x}"

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "rows": self.rows,
            "records": self.records,
            "bytes": self.bytes,
            "stored_bytes": self.stored_bytes,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, data: Fields) -> "Totals":
        """The inverse of `to_json`; raises ValueError for a hash of another name, and for another form."""
        name, _, digits = data.text("digest").partition(":")
        if name != HASH:
            raise ValueError(f"unknown table digest {name[:60]}")
        if not re.fullmatch("[0-9a-f]{32}", digits):
            raise ValueError("digest is not made of a name and 32 lower-case hexadecimal digits")
        counts = {field: data.number(field) for field in ("rows", "records", "bytes", "stored_bytes")}
        return cls(**counts, hash_sum=int(digits, 16))


def totals_of(chunks: Iterable[Chunk]) -> Totals:
    """The totals of chunks."""
    return sum_of(Totals(c.rows, c.records, c.bytes, c.length, c.hash_sum) for c in chunks)


def sum_of(parts: Iterable[Totals]) -> Totals:
    """The sum of all parts; a single part is returned as it is, as for most of many small tables."""
    several = list(parts)
    return several[0] if len(several) == 1 else sum(several, Totals())
