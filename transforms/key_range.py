"""Ranges of keys, in an order that only the room knows."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.errors import IntegrityError

LONGEST_SHOWN = 60
"""Most bytes of a key to show to people."""


@dataclass(frozen=True, order=True, slots=True)
class KeyRange:
    """The keys from `start` on and before `end`, in the key space `space`.

    The ends are opaque bytes: they may be tested for equality and are never compared. An empty end
    is open. A table has one unnamed space; rows outside its order are in spaces with names.
    """

    space: str = ""
    start: bytes = b""
    end: bytes = b""

    def __str__(self) -> str:
        """The range for people, with unprintable bytes escaped."""
        space = f"{self.space} " if self.space else ""
        return f"{space}[{printable(self.start)}, {printable(self.end)})"


def printable(key: bytes) -> str:
    """`key` as text for people: ASCII as it is, other bytes escaped, cut after `LONGEST_SHOWN` bytes."""
    if not key:
        return "(open)"
    text = key[:LONGEST_SHOWN].decode("ascii", "backslashreplace")
    escaped = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return escaped + ("..." if len(key) > LONGEST_SHOWN else "")


def check_tiling(ranges: Iterable[KeyRange], whole: KeyRange, where: str) -> None:
    """Check that `ranges`, in order, cover `whole` with no gap and no overlap, by equality of ends.

    Raises:
        IntegrityError: if there is no range, or two neighbours or an outer end do not meet.
    """
    reached, last = whole.start, None
    for item in ranges:
        beyond_the_end = last is not None and not reached
        if item.space != whole.space or item.start != reached or beyond_the_end:
            raise IntegrityError(
                f"{where}: the ranges do not tile: expected a range from {printable(reached)}"
                f", found {item}. Take a new backup."
            )
        last, reached = item, item.end
    if last is None or reached != whole.end:
        raise IntegrityError(f"{where}: the ranges do not tile: they end at {printable(reached)}, short of {whole}.")
