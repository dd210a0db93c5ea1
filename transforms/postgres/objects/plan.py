"""All steps that make the objects of an archive, in their order."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from transforms.errors import IntegrityError
from transforms.postgres.archive import dump as archive
from transforms.postgres.archive import entry_kind
from transforms.postgres.archive.part import Part
from transforms.postgres.archive.toc import POST_DATA, PRE_DATA, Entry, Toc
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects import partition_trees
from transforms.postgres.objects.owners import ACLS, Owning, acl_steps, owner_steps, visitors
from transforms.postgres.objects.relocation import relocate
from transforms.postgres.objects.renames import Renames
from transforms.postgres.objects.step import Step, creating, encoded

# Those of pg_restore: `_doSetFixedOutputState` of pg_backup_archiver.c. Every session sets the others.
SETTINGS = (
    "SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = warning;"
    " SET LOCAL default_tablespace = ''; SET LOCAL default_table_access_method = heap;"
)
# Entries that say how the archive's statements are written, with the settings that are allowed: UTF-8, or any bytes if
# the database is SQL_ASCII.
WRITTEN = {
    "ENCODING": (("client_encoding", archive.UTF8), ("client_encoding", archive.SQL_ASCII)),
    "STDSTRINGS": (("standard_conforming_strings", "on"), ("standard_conforming_strings", "off")),
}
# Kinds that are made for a table, or are remarks on something.
OF_TABLES = frozenset({
    "ACL", "COMMENT", "DEFAULT", "FOREIGN TABLE", "MATERIALIZED VIEW", "SECURITY LABEL", "SEQUENCE",
    "SEQUENCE OWNED BY", "TABLE", "TABLE ATTACH", "VIEW",
})  # fmt: skip
# Event triggers are made last: they would fire on the restore's own statements. Remarks on them follow them.
LATE = "EVENT TRIGGER"
# If forced on a table's owner, row security would hide rows when constraints are checked and materialized views filled.
GUARD = "ROW SECURITY"
# The fields of a plan that are steps.
_PARTS = ("pre_data", "post_data", "guards", "owners", "acls", "renames", "schema_owners", "late")


@dataclass(frozen=True)
class ArchivePlan:
    """The steps of a restore, without the rows.

    Attributes:
        session: Statements that prepare a transaction.
        entries: The entries that are restored, as in the backup.
        names: For objects that move, the name under which each is made, by its name in the backup.
        pre_data: Steps before the rows.
        post_data: Steps after the rows.
        guards: Row security, enabled when no rows are read any more.
        renames: New names of tables.
        owners: The owners of objects.
        acls: Privileges on objects.
        schema_owners: Owners and privileges of schemas, default privileges.
        late: Event triggers and remarks on them.
        visitors: Schema and role: roles that must be able to create in a schema for `owners` and `acls`.
    """

    session: bytes
    entries: tuple[Entry, ...]
    names: Mapping[Name, Name]
    pre_data: tuple[Step, ...]
    post_data: tuple[Step, ...]
    guards: tuple[Step, ...]
    renames: tuple[Step, ...]
    owners: tuple[Step, ...]
    acls: tuple[Step, ...]
    schema_owners: tuple[Step, ...]
    late: tuple[Step, ...]
    visitors: tuple[tuple[str, str], ...]

    @property
    def later(self) -> tuple[Step, ...]:
        """All steps after the rows, in their order."""
        return (
            *self.post_data, *self.guards, *self.owners, *self.acls, *self.renames, *self.schema_owners, *self.late
        )  # fmt: skip

    def library(self, most: int) -> frozenset[str]:
        """Names of the steps that make what tables may use without naming it, such as operator classes.

        Empty if there are more than `most`.
        """
        own = {str(entry.number) for entry in self.entries if entry.kind not in OF_TABLES}
        found = frozenset(step.name for step in self.pre_data if step.name in own)
        return found if len(found) <= most else frozenset()

    @property
    def attachments(self) -> dict[str, list[str]]:
        """Names of the steps that attach partitions, by the names of those that make them."""
        tables = {(entry.schema, entry.tag): str(entry.number) for entry in self.entries if entry.kind == "TABLE"}
        attaching = [entry for entry in self.entries if entry.kind == "TABLE ATTACH"]
        return {
            tables[entry.schema, entry.tag]: [str(entry.number)]
            for entry in attaching if (entry.schema, entry.tag) in tables
        }  # fmt: skip

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        """The field and the place in it of each step, by its name."""
        return {step.name: (part, place) for part in _PARTS for place, step in enumerate(getattr(self, part))}

    def only(self, names: Iterable[str]) -> "ArchivePlan":
        """The plan with only the named steps; takes time in proportion to their number."""
        kept = dict[str, list[Step]]((part, []) for part in _PARTS)
        for part, place in sorted(self._places[name] for name in names if name in self._places):
            kept[part].append(getattr(self, part)[place])
        parts: dict[str, Any] = {part: tuple(steps) for part, steps in kept.items()}
        return replace(self, **parts)


def plan(toc: Toc, part: Part, owning: Owning, renames: Renames, is_superuser: bool) -> ArchivePlan:
    """Plan a restore of a part of an archive.

    Args:
        toc: The archive's table of contents.
        part: What is restored of it.
        owning: Whether owners and privileges are restored.
        renames: New names.
        is_superuser: Whether the restoring role is a superuser.

    Raises:
        IntegrityError, RefusedError: if an entry is not what pg_dump writes; see `entry_kind.check`.
    """
    entry_kind.check(part.entries)
    moved = relocate(toc, part, renames)
    titles = {str(entry.number): str(entry) for entry in moved.named}
    schemas, objects = _halves(entry for entry in moved.named if not _is_late(entry, toc))
    late = [entry for entry in moved.named if _is_late(entry, toc)]
    apart = {entry.number for entry in late} | {entry.number for entry in part.entries if entry.kind == GUARD}

    def owners(some: Iterable[Entry]) -> list[Step]:
        return owner_steps(some, owning.role) if owning.owners else []

    def acls(some: Iterable[Entry]) -> list[Step]:
        return acl_steps(some, owning, is_superuser, moved.schemas) if owning.acls else []

    def making(some: Iterable[Entry]) -> list[Step]:
        steps = creating(moved.part, (entry for entry in some if entry.kind not in ACLS))
        return [replace(step, title=titles.get(step.name, step.title)) for step in steps]

    def section(number: int) -> list[Step]:
        return making(e for e in moved.part.entries if e.section == number and e.number not in apart)

    return ArchivePlan(
        session=_session(toc),
        entries=part.entries,
        names=moved.names,
        pre_data=(*moved.made_first, *section(PRE_DATA)),
        post_data=tuple(partition_trees.one_by_one(section(POST_DATA), moved.part.entries)),
        guards=tuple(making(entry for entry in moved.part.entries if entry.kind == GUARD)),
        renames=moved.made_last,
        owners=tuple(owners(objects)),
        acls=tuple(acls(objects)),
        schema_owners=(*owners(schemas), *acls(schemas)),
        late=(*making(late), *owners(late), *acls(late)),
        visitors=tuple(dict.fromkeys(visitors(moved.named, Owning(owning.owners and not is_superuser, owning.acls)))),
    )


def _session(toc: Toc) -> bytes:
    written = [_setting(entry) for entry in toc.entries if entry.kind in WRITTEN]
    return encoded(SETTINGS + "".join(f" SET LOCAL {name} = '{value}';" for name, value in written))


def _setting(entry: Entry) -> tuple[str, str]:
    """Name and value of a setting, read from a statement of the archive that is never run itself."""
    found = re.fullmatch(r"SET (\w+) = '(\w+)';\n*", entry.statement, re.ASCII)
    if found is None or (found[1], found[2]) not in WRITTEN[entry.kind]:
        raise IntegrityError(f"The archive's entry {entry}: pg_dump writes no such setting: {entry.statement[:60]!r}.")
    return found[1], found[2]


def _is_late(entry: Entry, toc: Toc) -> bool:
    about = toc.by_number.get(entry.needs[0]) if entry.needs else None
    return entry.kind == LATE or (
        entry.kind in ("COMMENT", "SECURITY LABEL") and about is not None and about.kind == LATE
    )


def _halves(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Schemas with their privileges and default privileges, and all other entries."""
    schemas, objects = list[Entry](), list[Entry]()
    for entry in entries:
        is_schema = entry.kind in ("SCHEMA", "DEFAULT ACL") or (entry.kind == "ACL" and entry.tag.startswith("SCHEMA "))
        (schemas if is_schema else objects).append(entry)
    return schemas, objects
