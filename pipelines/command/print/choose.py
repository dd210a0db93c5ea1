"""Which of a vault's backups are listed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from transforms.vault.age import is_younger
from transforms.vault.catalogue import Listing


def choose(
    listings: Sequence[Listing],
    *,
    name: str | None = None,
    age: timedelta | None = None,
    last: int | None = None,
    now: datetime | None = None,
) -> list[Listing]:
    """The chosen backups, in their order.

    Args:
        listings: Backups, the oldest first.
        name: The name that the user gave them; any if None.
        age: The largest time since their start; any if None.
        last: How many of the newest of each source; all if None.
        now: The current time; the clock's if None.
    """
    moment = now or datetime.now(timezone.utc)
    named = [item for item in listings if name in (None, item.intent and item.intent.name)]
    young = [item for item in named if age is None or is_younger(item.backup, age, moment)]
    return young if last is None else _newest(young, last)


def _newest(listings: Sequence[Listing], last: int) -> list[Listing]:
    seen: Counter[str] = Counter()
    kept = []
    for item in reversed(listings):
        seen[item.folder] += 1
        kept += [item] if seen[item.folder] <= last else []
    return kept[::-1]
