"""The backups of a vault as `shardkeep list` shows them: a table for each source, in 80 columns.

`shardkeep show` has the details, and what is the same in all backups of a source.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from pipelines.command.print.durations import human_age, human_duration
from pipelines.command.print.escapes import one_line
from pipelines.command.print.sizes import human_bytes, human_quantity
from pipelines.command.print.tables import render
from transforms.vault.age import is_ahead, seconds_of
from transforms.vault.catalogue import Listing
from transforms.vault.format.layout import begun_at

_HEADINGS = ("BACKUP", "STATE", "AGE", "TOOK", "ROWS", "STORED", "NAME")
_NAME = 12
"""Width of a name in characters: what is left of 80 if the other columns have their largest width."""


def listing_table(listings: Sequence[Listing], now: datetime) -> str:
    """The backups in their order under a heading for each source; --backup takes the heading and an id."""
    by_folder = groupby(sorted(listings, key=lambda item: item.folder), key=lambda item: item.folder)
    parts = [
        f"{one_line(folder)}/\n{render(_HEADINGS, [_row(item, now) for item in part])}" for folder, part in by_folder
    ]
    return "\n\n".join(parts) or "no backups"


def _row(item: Listing, now: datetime) -> tuple[object, ...]:
    took, totals = seconds_of(item), item.manifest.totals if item.manifest else None
    return (
        item.backup,
        item.state,
        _age(item.backup, now),
        None if took is None else human_duration(took),
        human_quantity(totals.rows) if totals else None,
        human_bytes(totals.stored_bytes) if totals else None,
        _cut(item.intent.name if item.intent else "") or None,
    )


def _age(backup: str, now: datetime) -> str | None:
    begun = begun_at(backup)
    if begun is None:
        return None
    return "ahead" if is_ahead(backup, now) else human_age(max(0.0, (now - begun).total_seconds()))


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 2]}.."
