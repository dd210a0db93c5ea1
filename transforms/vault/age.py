"""The age of backups, by their ids: an id begins with the time when the backup was begun.

The clock of the machine that took a backup may have been wrong. A time in the future proves nothing: such a backup
counts neither as young nor as the latest.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from transforms.errors import NotFoundError
from transforms.vault.catalogue import COMMITTED, DELETING, Listing
from transforms.vault.format.intent import begin_of_id
from transforms.vault.format.layout import begun_at

SKEW = timedelta(minutes=5)
"""How much the clocks of two machines may differ before a time counts as in the future."""

_LOG = logging.getLogger("shardkeep")


def is_ahead(backup: str, now: datetime) -> bool:
    """Whether a backup was begun in the future, by its id."""
    begun = begun_at(backup)
    return begun is not None and begun > now + SKEW


def is_younger(backup: str, age: timedelta, now: datetime) -> bool:
    """Whether a backup was begun within `age`, to the second, and not in the future."""
    begun = begun_at(backup)
    return begun is not None and not is_ahead(backup, now) and begin_of_id(begun) >= begin_of_id(now - age)


def seconds_of(listing: Listing) -> float | None:
    """How long a backup took, seconds, from its intent to its last row; None if it is not committed."""
    manifest = listing.manifest
    if manifest is None:
        return None
    try:
        created = datetime.strptime(manifest.intent.created, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except (ValueError, OverflowError):
        return None
    finished = max((file.read_finished for entry in manifest.tables for file in entry.index), default=0)
    return max(0.0, finished / 1e6 - created)


def warn_of_ahead(backups: Iterable[str], now: datetime) -> None:
    """Warn of the backups that were begun in the future."""
    for backup in backups:
        if is_ahead(backup, now):
            _LOG.warning(
                "warning: backup %s was begun in the future: a clock was wrong, or this machine's is. It counts neither"
                " as young nor as the latest.",
                backup,
            )


def require_newer(listings: Iterable[Listing], age: timedelta, now: datetime) -> None:
    """Refuse a vault in which one of the listed sources has no good backup that was begun within `age`.

    Raises:
        NotFoundError: if there is such a source, or no backup; with the newest good one of each such source.
    """
    by_source: dict[str, list[str]] = {}
    for item in listings:
        if item.state != DELETING:
            good = by_source.setdefault(item.folder, [])
            good += [item.backup] if item.state == COMMITTED and not is_ahead(item.backup, now) else []
    since = f"no committed backup was begun since {now - age:%Y-%m-%d %H:%M} UTC"
    if not by_source:
        raise NotFoundError(f"{since}; the newest one: none.")
    old = {source: max(good, default="none") for source, good in by_source.items()}
    late = [
        f"{source}: {since}; the newest one: {newest}."
        for source, newest in old.items()
        if newest == "none" or not is_younger(newest, age, now)
    ]
    if late:
        raise NotFoundError("\n".join(late))
