"""Durations as people write them."""

import re
from datetime import timedelta

from transforms.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,5})([smhd])")


def parse_duration(text: str, option: str) -> timedelta:
    """A whole number of seconds, minutes, hours or days: `45s`, `90m`, `26h`, `7d`.

    Raises:
        UsageError: if it is none.
    """
    found = _DURATION.fullmatch(text)
    if not found or not int(found[1]):
        units = "seconds, minutes, hours or days as in 45s, 90m, 26h or 7d"
        raise UsageError(f"{option}: {text!r} is no duration; write {units}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
