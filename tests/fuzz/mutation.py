"""Small changes of valid inputs: bits, bytes, lengths, cuts, repeats and pieces of other inputs."""

from collections.abc import Callable, Sequence
from random import Random

Input = tuple[bytes, ...]
"""The parts of an input that are changed one by one: a program, records, the messages of a stream."""

# Ends of varints, of signed and unsigned numbers of every width, and -1, the size of NULL.
_TELLING = (
    b"\x00", b"\x01", b"\x02", b"\x7f", b"\x80", b"\xff", b"\x7f\xff", b"\x80\x00", b"\xff\xff", b"\x27\x10",
    b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7),
    b"\xff" * 9 + b"\x01", b"\xfe" + b"\xff" * 8 + b"\x01", b"\x80" * 9 + b"\x02", b"\xff" * 4 + b"\x0f",
)  # fmt: skip
_MOST_PIECE = 32


def mutated(parts: Input, others: Sequence[Input], random: Random) -> Input:
    """The parts with one to four changes; now and then a part is left out, repeated or changed for another's."""
    found = list(parts)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        place = random.randrange(len(found))
        if random.random() < 0.05:
            found[place : place + 1] = [found[place]] * random.choice((0, 2)) or [b""]
        else:
            found[place] = random.choice(_CHANGES)(found[place], random.choice(random.choice(others)), random)
    return tuple(found)


def _flip(data: bytes, _: bytes, random: Random) -> bytes:
    return _set(data, lambda byte: byte ^ 1 << random.randrange(8), random)


def _step(data: bytes, _: bytes, random: Random) -> bytes:
    return _set(data, lambda byte: (byte + random.choice((-1, 1))) & 255, random)


def _any(data: bytes, _: bytes, random: Random) -> bytes:
    return _set(data, lambda _: random.randrange(256), random)


def _set(data: bytes, change: Callable[[int], int], random: Random) -> bytes:
    if not data:
        return bytes([random.randrange(256)])
    place = random.randrange(len(data))
    return data[:place] + bytes([change(data[place])]) + data[place + 1 :]


def _overwrite(data: bytes, _: bytes, random: Random) -> bytes:
    place, piece = random.randrange(len(data) + 1), random.choice(_TELLING)
    return data[:place] + piece + data[place + len(piece) :]


def _insert(data: bytes, other: bytes, random: Random) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice((random.choice(_TELLING), _piece(other, random))) + data[place:]


def _drop(data: bytes, _: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.randrange(1, _MOST_PIECE) :]


def _cut(data: bytes, _: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(data: bytes, _: bytes, random: Random) -> bytes:
    return _insert(data, data, random)


def _splice(data: bytes, other: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _piece(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[start : start + random.randrange(1, _MOST_PIECE)]


_CHANGES = (_flip, _step, _any, _overwrite, _insert, _drop, _cut, _repeat, _splice)
