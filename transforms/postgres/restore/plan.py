"""Everything that a restore does, read from the backup."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from transforms.identity import Table
from transforms.postgres.archive import dump as archive
from transforms.postgres.archive.toc import Toc, parse
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.catalog.sequences import SequenceValue
from transforms.postgres.inventory import inventory
from transforms.postgres.inventory.inventory import DatabaseInventory
from transforms.postgres.inventory.object_states import ObjectState
from transforms.postgres.large_objects import pages as large_objects
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects import foreign_keys
from transforms.postgres.objects import plan as archive_plan
from transforms.postgres.objects.failure import Failure
from transforms.postgres.objects.ledger import Restoration
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.plan import ArchivePlan
from transforms.postgres.objects.renames import Renames
from transforms.postgres.restore import part as restore_part
from transforms.postgres.restore.load_plan import destination
from transforms.postgres.restore.tablespaces import without_tablespaces
from transforms.source import Assignment
from transforms.vault.format.attachments import Attachments


@dataclass(frozen=True)
class RestorePlan:
    """What a restore does.

    Attributes:
        backup: The backup's name, for people.
        archive: The steps that make objects.
        inventory: What else belongs to the database.
        relations: The tables whose rows are restored.
        has_large_objects: Whether large objects are restored.
        is_whole: Whether the whole backup is restored.
        broken: Foreign keys that would be violated.
        notes: Notes for people.
        owning: Whether owners, privileges and tablespaces are restored.
    """

    backup: str
    archive: ArchivePlan
    inventory: DatabaseInventory
    relations: tuple[Relation, ...]
    has_large_objects: bool
    is_whole: bool
    broken: tuple[Failure, ...]
    notes: tuple[str, ...]
    owning: Owning

    def restoration(self, restore: str) -> Restoration:
        """The restore's entry in the ledger."""
        return Restoration(restore, self.backup)

    def made(self, skipped: frozenset[str], *kinds: str) -> set[Name]:
        """The names in the backup of the objects of some kinds that are made."""
        entries = (entry for entry in self.archive.entries if entry.kind in kinds and str(entry.number) not in skipped)
        return {Name(entry.schema, entry.tag) for entry in entries}

    def sequences(self, skipped: frozenset[str]) -> list[SequenceValue]:
        """The values of the sequences that are made and, if everything is restored, of those of extensions."""
        every, made = self.made(frozenset(), "SEQUENCE"), self.made(skipped, "SEQUENCE")
        return [
            replace(value, name=self._now(value.name)) for value in self.inventory.sequences
            if value.name in made or (self.is_whole and value.name not in every)
        ]  # fmt: skip

    def matviews(self, skipped: frozenset[str]) -> list[Name]:
        """The materialized views to fill, in the order to fill them."""
        made = self.made(skipped, "MATERIALIZED VIEW")
        return [self._now(name) for name in self.inventory.matviews if name in made]

    def stateful(self, skipped: frozenset[str]) -> set[Name]:
        """The names of the made objects whose state is compared with the source."""
        made = self.made(skipped, "TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "DOMAIN")
        return set(map(self._now, made))

    def states(self) -> list[ObjectState]:
        """The unusual states of objects in the source, under the objects' names in the target."""
        pairs = ((each, self._now(each.of)) for each in self.inventory.states)
        return [replace(each, schema=name.schema, relation=name.name) for each, name in pairs]

    def analyzed(self) -> list[Name]:
        """The tables with new rows, and the partitioned ones above them that this restore makes."""
        roots = {relation.partition_root for relation in self.relations if relation.partition_root}
        names = {relation.name for relation in self.relations} | (roots & self.made(frozenset(), "TABLE"))
        return sorted(map(self._now, names))

    def _now(self, name: Name) -> Name:
        """The name until the end of the restore of what has this name in the backup."""
        return self.archive.names.get(name, name)


def read_restore(
    assignments: Iterable[Assignment], attachments: Attachments, chosen: Renames, owning: Owning, is_superuser: bool
) -> RestorePlan:
    """Read from a backup what a restore of these tables does.

    Raises:
        IntegrityError: if the archive or the inventory is damaged, or rows would go into a system schema.
        NotFoundError: if the backup has no archive or inventory.
        RefusedError: if what is selected cannot be restored alone, or under its new name.
    """
    tables = _Tables(tuple(assignment.table for assignment in assignments))
    return _read(_Wanted(tables, attachments, chosen, owning, is_superuser))


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables with a cheap hash, so that they can be a key of a cache."""

    tables: tuple[Table, ...]

    def __hash__(self) -> int:
        return hash(tuple(table.parts for table in self.tables))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The arguments of `read_restore`, as a key of a cache."""

    tables: _Tables
    attachments: Attachments
    chosen: Renames
    owning: Owning
    is_superuser: bool

    def __hash__(self) -> int:
        return hash((self.tables, self.owning, self.is_superuser))


@functools.lru_cache(maxsize=1)
def _read(wanted: _Wanted) -> RestorePlan:
    """The plan, made once in each process: every phase of a restore needs it."""
    attachments, chosen, owning = wanted.attachments, wanted.chosen, wanted.owning
    relations = _relations(wanted.tables)
    names = [relation.name for relation in relations]
    contents = _contents(attachments.read(archive.ATTACHMENT))
    contents = contents if owning.tablespaces else without_tablespaces(contents)
    part = restore_part.part_of(contents, names, chosen)
    plan = archive_plan.plan(contents, part, owning, chosen, wanted.is_superuser)
    return RestorePlan(
        backup=attachments.refs[archive.ATTACHMENT].name.split("/")[0],
        archive=plan,
        inventory=inventory.parse_inventory(attachments.read(inventory.ATTACHMENT)),
        relations=relations,
        has_large_objects=any(map(is_large_objects, wanted.tables.tables)),
        is_whole=not chosen,
        broken=tuple(foreign_keys.broken(contents, part, plan.post_data, relations)),
        notes=tuple(restore_part.notes(contents, part, names, chosen, plan.names)),
        owning=owning,
    )


@functools.lru_cache(maxsize=1)
def _relations(wanted: _Tables) -> tuple[Relation, ...]:
    """The tables whose rows are restored, cached apart from the plan, which depends on the restoring role."""
    relations = tuple(Relation.from_json(table.schema) for table in wanted.tables if not is_large_objects(table))
    for relation in relations:
        destination(relation)
    return relations


@functools.lru_cache(maxsize=1)
def _contents(data: bytes) -> Toc:
    """The table of contents of an archive, parsed once in each process: every phase of a restore needs it."""
    return parse(data)


def is_large_objects(table: Table) -> bool:
    """Whether a table of a backup is the one for all large objects."""
    return bool(table.schema.get("kind") == large_objects.KIND)
