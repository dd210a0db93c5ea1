"""Sizes, counts and rates: parsed from an option's value, and formatted for people."""

import re
from fractions import Fraction

from transforms.errors import UsageError

# IEC 80000-13 (powers of 1024) and SI (powers of 1000). A bare "K" or "M" could mean either, so neither is taken.
_UNITS = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kmgtp", start=1)
    for suffix, base in (("ib", 1024), ("b", 1000))
}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")
_SI_LETTERS = "KMGTP"
_IEC_NAMES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def parse_size(text: str, option: str) -> int:
    """The bytes of a size such as `1MiB`, `1.5GiB`, `1MB` or `65536`, rounded down to a whole byte.

    Args:
        text: The value, upper or lower case, with at most one space before the unit.
        option: The option's name, for the message.

    Raises:
        UsageError: The text is not a size, or is less than one byte.
    """
    match = _SIZE.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise UsageError(f"{option}: {text!r} is not a size; give bytes or a unit, such as 65536, 64KiB, 1MiB or 1GB")
    size = int(Fraction(match[1]) * unit)
    if size < 1:
        raise UsageError(f"{option}: {text!r} must be at least one byte")
    return size


def parse_count(text: str, option: str) -> int:
    """A whole number of at least 1.

    Raises:
        UsageError: The text is anything else.
    """
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < 1:
        raise UsageError(f"{option}: {text!r} is not a whole number of at least 1")
    return int(text)


def human_bytes(size: float) -> str:
    """A number of bytes in IEC units with two or three significant digits: `1.2 GiB`, `240 MiB`, `17 B`."""
    value, name = float(size), _IEC_NAMES[0]
    for name in _IEC_NAMES:
        # 1023.5 would be printed as 1024 of this unit: it belongs to the next one.
        if value < 1023.5 or name == _IEC_NAMES[-1]:
            break
        value /= 1024
    decimals = 1 if value < 9.95 and name != "B" else 0
    return f"{value:,.{decimals}f} {name}"


def human_count(count: int) -> str:
    """A count with thousands separators: `1,234,567`."""
    return f"{count:,}"


def human_quantity(count: int) -> str:
    """A count in at most seven characters: `999,999`, `1.2 M`, `34 G` (SI, powers of 1000)."""
    if count < 1_000_000:
        return human_count(count)
    power = 2
    while power < len(_SI_LETTERS) and count >= 999.5 * 1000**power:
        power += 1
    value = count / 1000**power
    return f"{value:,.{1 if value < 9.95 else 0}f} {_SI_LETTERS[power - 1]}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, in the plural unless the count is one: `1 row`, `1,234 rows`."""
    return f"{human_count(count)} {noun}{'' if count == 1 else 's'}"


def human_rate(size: float, seconds: float) -> str:
    """Bytes per second: `240 MiB/s`; `-` if no time has passed."""
    return f"{human_bytes(size / seconds)}/s" if seconds > 0 else "-"
