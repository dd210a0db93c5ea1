"""Durations as people write and read them."""

import re
from datetime import timedelta

from transforms.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,5})([smhd])")


def parse_duration(text: str, option: str) -> timedelta:
    """A whole number of seconds, minutes, hours or days: `45s`, `90m`, `26h`, `7d`.

    Raises:
        UsageError: if it is not a duration.
    """
    found = _DURATION.fullmatch(text)
    if not found or not int(found[1]):
        units = "seconds, minutes, hours or days as in 45s, 90m, 26h or 7d"
        raise UsageError(f"{option}: {text!r} is no duration; write {units}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def human_age(seconds: float) -> str:
    """A time in its largest unit, rounded down: `45s`, `12m`, `26h`, `7d`; in hours up to two days."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    return f"{whole // 3600}h" if whole < 48 * 3600 else f"{whole // 86400:,}d"


def human_duration(seconds: float) -> str:
    """A time in its two largest units, rounded down: `0s`, `45s`, `3m12s`, `1h05m`, `2d03h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400:,}d{whole % 86400 // 3600:02}h"
