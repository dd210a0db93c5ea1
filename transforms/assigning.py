"""What of a backup is restored, where to, and whether rows may be added to what is there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from transforms.identity import Identity
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

Select = Callable[[Manifest], tuple[list[int], list[Assignment]]]
"""The places in a manifest that the options select, and the assignments of the tables there."""


@dataclass(frozen=True, slots=True)
class Assigning:
    """The user's wishes as a function of a manifest, which main and workers call alike.

    Attributes:
        select: The tables and their names in the target.
        target: The database that they go to.
        append: Whether rows may be added to tables that have some.
        into_source: Whether, then, also to the backed-up tables themselves.
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
        """Say whether rows may be added to a table that has some; to the backed-up table itself it takes two flags."""
        is_source = _is_source(item, same_database)
        may_append = self.append and (self.into_source or not is_source)
        flags = "--if_exists=append and --into_source" if is_source else "--if_exists=append"
        whose = "It is the table that was backed up; " if is_source else ""
        remedy = f"{whose}{flags} adds to them, --table=SRC:DST goes elsewhere."
        return replace(item, may_append=may_append, remedy=remedy, backup=backup)


def _is_source(item: Assignment, same_database: bool) -> bool:
    return same_database and item.destination == item.table.name
