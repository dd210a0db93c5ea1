"""A serialized `MutateRowsRequest` that can be sent again in part."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MutateRequest:
    """One serialized `google.bigtable.v2.MutateRowsRequest` and the offsets of its entries.

    Fields are serialized in the order of their numbers: table name (1), entries (2), app profile (3). So
    the request is `prefix`, then the entries, then `suffix`, and any subset of the entries makes a valid request.

    Attributes:
        data: The whole message.
        prefix: The table name's field.
        suffix: The app profile's field; empty for the default profile.
        entry_ends: For each entry the offset in `data` where it ends (unsigned 64-bit).
        mutations: Number of `SetCell`s in all entries, at most 100,000 (a limit of the service).
    """

    data: bytes
    prefix: bytes
    suffix: bytes
    entry_ends: "array[int]"
    mutations: int

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.entry_ends)

    def only(self, entries: Sequence[int]) -> "MutateRequest":
        """A request with these entries only, in this order: what is left to send after a partial failure."""
        pieces = [self._entry(entry) for entry in entries]
        ends, reached = array("Q"), len(self.prefix)
        for piece in pieces:
            reached += len(piece)
            ends.append(reached)
        data = b"".join([self.prefix, *pieces, self.suffix])
        return MutateRequest(data, self.prefix, self.suffix, ends, sum(map(_mutations, pieces)))

    def key(self, entry: int) -> bytes:
        """Row key of an entry, for messages about it."""
        field = self._entry(entry)
        _, start = _head(field, 0)
        length, start = _head(field, start)
        return field[start : start + length]

    def _entry(self, entry: int) -> bytes:
        """The field of an entry, its tag and length included."""
        if not 0 <= entry < len(self.entry_ends):
            raise IndexError(f"entry {entry} of a request of {len(self.entry_ends)}")
        start = self.entry_ends[entry - 1] if entry else len(self.prefix)
        return self.data[start : self.entry_ends[entry]]


def _mutations(field: bytes) -> int:
    """Number of mutations in the field of an entry: all fields of its body but the first, the key."""
    _, at = _head(field, 0)
    found = -1
    while at < len(field):
        length, at = _head(field, at)
        at += length
        found += 1
    return found


def _head(data: bytes, at: int) -> tuple[int, int]:
    """Length and start of the content of the length-delimited field at `at`, whose tag is one byte."""
    length, shift, at = 0, 0, at + 1
    while data[at] >= 0x80:
        length |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return length | data[at] << shift, at + 1
