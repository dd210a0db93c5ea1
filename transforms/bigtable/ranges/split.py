"""Splits a table's key space into ranges of about equal weight."""

from collections.abc import Sequence
from itertools import pairwise

from transforms.key_range import KeyRange

Sample = tuple[bytes, int]
"""A key of `SampleRowKeys` and the bytes on disk before it."""

SMALL_RANGE = 16 << 20
"""Fewest bytes on disk of a range, unless the number of ranges is given."""

MANY = 64
"""Ranges of a large table: many more than readers, so that the job does not wait for one last reader."""

_DIGITS = 8
"""Bytes of an interpolated key after the common prefix of its two neighbours."""


def wanted_ranges(samples: Sequence[Sample], shard_size: int) -> int:
    """How many ranges a table should have for shards of at most about `shard_size` bytes."""
    size = size_of(samples)
    return max(1, -(-size // shard_size), min(MANY, size // SMALL_RANGE))


def size_of(samples: Sequence[Sample]) -> int:
    """Bytes on disk of the table, as the service reports them; data that is only in its memory is not counted."""
    return max((offset for _, offset in samples), default=0)


def split(samples: Sequence[Sample], ranges: int) -> list[KeyRange]:
    """Ranges that cover the key space without overlap: `ranges` of them, or fewer if the keys leave no room.

    With enough samples the ranges end at samples, which is where the service splits tablets; with fewer,
    keys between two samples are interpolated. The samples may be in any order, may repeat keys, and may or
    may not have an empty last key.
    """
    gaps = _gaps(samples)
    keys = _sampled(gaps, ranges) if len(gaps) >= ranges else _interpolated(gaps, ranges)
    return [KeyRange("", start, end) for start, end in pairwise([b"", *keys, b""])]


def _gaps(samples: Sequence[Sample]) -> list[tuple[bytes, bytes, int]]:
    """Neighbouring keys and the bytes between them; the first start and the last end are open."""
    known = {key: offset for key, offset in sorted(samples) if key}
    size = size_of(samples)
    offsets = [0, *known.values()]
    average = size // max(1, len(known))
    last = size - offsets[-1] or average
    weights = [max(1, after - before) for before, after in pairwise(offsets)] + [max(1, last)]
    return [(start, end, weight) for (start, end), weight in zip(pairwise([b"", *known, b""]), weights, strict=True)]


def _sampled(gaps: Sequence[tuple[bytes, bytes, int]], ranges: int) -> list[bytes]:
    """Ends of `ranges - 1` gaps: each where its share of the weight is reached, or earlier if few gaps are left."""
    total, done, keys = sum(weight for _, _, weight in gaps), 0, list[bytes]()
    for left, (_, end, weight) in zip(range(len(gaps) - 1, 0, -1), gaps, strict=False):
        done, missing = done + weight, ranges - 1 - len(keys)
        if missing and (left == missing or done * ranges >= (len(keys) + 1) * total):
            keys.append(end)
    return keys


def _interpolated(gaps: Sequence[tuple[bytes, bytes, int]], ranges: int) -> list[bytes]:
    total, done, keys = sum(weight for _, _, weight in gaps), 0, set[bytes]()
    for start, end, weight in gaps:
        first = -(-done * ranges // total)
        after = -(-(done + weight) * ranges // total)
        keys |= {
            interpolate(start, end, number * total - done * ranges, weight * ranges) for number in range(first, after)
        }
        done += weight
    return sorted(keys - {b""})


def interpolate(start: bytes, end: bytes, part: int, whole: int) -> bytes:
    """A key that is `part / whole`, less than 1, of the way from `start` to `end`, and never outside of them.

    An empty `end` is open. After their common prefix, keys are read as fractions in base 256.
    """
    shared = next((n for n, (a, b) in enumerate(zip(start, end, strict=False)) if a != b), min(len(start), len(end)))
    low = int.from_bytes(start[shared : shared + _DIGITS].ljust(_DIGITS, b"\x00"), "big")
    high = int.from_bytes(end[shared : shared + _DIGITS].ljust(_DIGITS, b"\x00"), "big") if end else 256**_DIGITS
    between = low + (high - low) * part // whole
    if between == low or not part:
        return start
    key = start[:shared] + between.to_bytes(_DIGITS, "big").rstrip(b"\x00")
    return min(max(key, start), end) if end else max(key, start)
