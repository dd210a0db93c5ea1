"""The rows that the replay server sends, encoded once, before the first request.

All rows have the same encoded length, so a block of rows is one template repeated, and every byte
that differs from row to row is written for all rows of the block by one strided assignment: a
million rows take seconds, not minutes. Field numbers are those of `ReadRowsResponse.CellChunk` in
google/bigtable/v2/bigtable.proto.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

FAMILIES = ("cf1", "cf2")
QUALIFIERS = (b"alpha", b"bravo", b"gamma")
CELLS = len(FAMILIES) * len(QUALIFIERS)
VALUE_WIDTH = 20

_SEGMENT = 4096  # rows that are generated at a time; they do not depend on the message size
_FIRST_TIME = 1_700_000_000_000_000  # microseconds; a varint of 8 bytes, like all times until the year 4253
_TIMES = [_FIRST_TIME + 86_399_000 * step for step in range(1021)]
_TIME_WIDTH = 8
_KEY_WIDTH = 13
_KEY_HOLE, _TIME_HOLE, _VALUE_HOLE = 0xF0, 0xF1, 0xF2  # no other byte of the template is above 0x7F


def row_key(row: int) -> bytes:
    """Return the key of a row; keys sort like row numbers (below 10 billion)."""
    return b"row%010d" % row


def cell_times(row: int) -> list[int]:
    """Return the times of a row's cells in microseconds, in the order in which they are sent."""
    return [_TIMES[(row * CELLS + cell) % len(_TIMES)] for cell in range(CELLS)]


def cell_values(row: int, seed: int) -> list[bytes]:
    """Return the values of a row's cells, in the order in which they are sent."""
    segment, place = divmod(row, _SEGMENT)
    start = place * CELLS * VALUE_WIDTH
    values = _segment_values(segment, seed)
    return [values[at : at + VALUE_WIDTH] for at in range(start, start + CELLS * VALUE_WIDTH, VALUE_WIDTH)]


@dataclass(frozen=True)
class ReplayRows:
    """A table of `count` rows, cut into messages of about `message_size` bytes.

    Attributes:
        count: Number of rows.
        message_size: The largest size of a message in bytes, unless one row is larger.
        seed: The seed of the values.
    """

    count: int
    message_size: int
    seed: int = 1
    _messages: list[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_messages", list(self._encode()))

    @property
    def rows_per_message(self) -> int:
        """The number of rows in every message but the last."""
        return max(1, self.message_size // ROW_SIZE)

    def first_at_or_after(self, key: bytes) -> int:
        """Return the number of the first row whose key is not less than `key`; `count` if there is none."""
        return bisect_left(range(self.count), key, key=row_key)

    def messages(self, start: int, end: int) -> Iterator[bytes]:
        """Yield serialized `ReadRowsResponse` messages that hold the rows `start` to `end` (exclusive)."""
        step = self.rows_per_message
        for block in range(start // step, -(-end // step)):
            low = max(start - block * step, 0)
            high = min(end - block * step, step)
            message = self._messages[block]
            # A message is its rows one after the other, so a part of the rows is a slice.
            yield message if high - low == step else message[low * ROW_SIZE : high * ROW_SIZE]

    def _encode(self) -> Iterator[bytes]:
        size = self.rows_per_message * ROW_SIZE
        pending = b""
        for start in range(0, self.count, _SEGMENT):
            pending += _encode_segment(start, min(start + _SEGMENT, self.count), self.seed)
            whole = len(pending) - len(pending) % size
            yield from (pending[at : at + size] for at in range(0, whole, size))
            pending = pending[whole:]
        if pending:
            yield pending


def _tagged(tag: int, payload: bytes) -> bytes:
    return bytes((tag, len(payload))) + payload


def _encode_row(key: bytes, time: bytes, value: bytes) -> bytes:
    row = b""
    for cell in range(CELLS):
        family, column = divmod(cell, len(QUALIFIERS))
        chunk = _tagged(0x0A, key) if cell == 0 else b""
        if column == 0:
            chunk += _tagged(0x12, _tagged(0x0A, FAMILIES[family].encode()))
        chunk += _tagged(0x1A, _tagged(0x0A, QUALIFIERS[column])) + b"\x20" + time + _tagged(0x32, value)
        if cell == CELLS - 1:
            chunk += b"\x48\x01"  # commit_row
        row += _tagged(0x0A, chunk)
    return row


_TEMPLATE = _encode_row(
    bytes((_KEY_HOLE,)) * _KEY_WIDTH, bytes((_TIME_HOLE,)) * _TIME_WIDTH, bytes((_VALUE_HOLE,)) * VALUE_WIDTH
)
ROW_SIZE = len(_TEMPLATE)  # bytes


def varint(number: int) -> bytes:
    """Encode a number that is not negative as protobuf does (protobuf.dev/programming-guides/encoding)."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*encoded, number))


_TIME_RING = b"".join(map(varint, _TIMES))


def _segment_times(start: int, end: int) -> bytes:
    wanted = (end - start) * CELLS * _TIME_WIDTH
    skipped = start * CELLS * _TIME_WIDTH % len(_TIME_RING)
    return (_TIME_RING * (2 + wanted // len(_TIME_RING)))[skipped : skipped + wanted]


def _segment_values(segment: int, seed: int) -> bytes:
    return random.Random(f"{seed}/{segment}").randbytes(_SEGMENT * CELLS * VALUE_WIDTH)


def _encode_segment(start: int, end: int, seed: int) -> bytes:
    rows = bytearray(_TEMPLATE * (end - start))
    wanted = (end - start) * CELLS * VALUE_WIDTH
    _fill(rows, _KEY_HOLE, b"".join(map(row_key, range(start, end))))
    _fill(rows, _TIME_HOLE, _segment_times(start, end))
    _fill(rows, _VALUE_HOLE, _segment_values(start // _SEGMENT, seed)[:wanted])
    return bytes(rows)


def _fill(rows: bytearray, hole: int, content: bytes) -> None:
    places = [place for place, byte in enumerate(_TEMPLATE) if byte == hole]
    for number, place in enumerate(places):
        rows[place::ROW_SIZE] = content[number :: len(places)]
