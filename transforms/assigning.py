"""Which tables of a backup are restored, where to, and whether rows may be added to existing ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from transforms.identity import Identity
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

Select = Callable[[Manifest], tuple[list[int], list[Assignment]]]
"""The places in a manifest that the options select, and the assignments of these tables."""


@dataclass(frozen=True, slots=True)
class Assigning:
    """The options of a restore as a function of the manifest, which gives the same in main and in workers.

    Attributes:
        select: The tables and their names in the target.
        target: The target database.
        append: Whether rows may be added to tables that already have rows.
        into_source: Whether, with `append`, also to the backed-up tables themselves.
    """

    select: Select
    target: Identity
    append: bool
    into_source: bool

    def __call__(self, manifest: Manifest) -> dict[int, Assignment]:
        """The assignments by their tables' places in the manifest."""
        same = self.target == manifest.intent.source
        places, chosen = self.select(manifest)
        backup = manifest.intent.backup
        return {place: self._allow(item, backup, same) for place, item in zip(places, chosen, strict=True)}

    def writes_source(self, source: Identity, assigned: Iterable[Assignment]) -> bool:
        """Whether a backed-up table itself is among the destinations."""
        return any(_is_source(item, self.target == source) for item in assigned)

    def _allow(self, item: Assignment, backup: str, same_database: bool) -> Assignment:
        """Set whether rows may be added to a table that has rows; the backed-up table itself needs two flags."""
        is_source = _is_source(item, same_database)
        may_append = self.append and (self.into_source or not is_source)
        flags = "--if_exists=append and --into_source" if is_source else "--if_exists=append"
        whose = "It is the table that was backed up; " if is_source else ""
        remedy = f"{whose}{flags} adds to them, --table=SRC:DST goes elsewhere."
        return replace(item, may_append=may_append, remedy=remedy, backup=backup)


def _is_source(item: Assignment, same_database: bool) -> bool:
    return same_database and item.destination == item.table.name
