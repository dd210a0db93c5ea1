"""New names of tables and schemas: given by the server when everything is loaded under the old ones.

What is chosen without a new name is renamed to itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from transforms.postgres.identifiers import Name, always_quoted, identifier
from transforms.postgres.step import Step, as_role, encoded
from transforms.postgres.toc import Entry

ROUTINES = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})


@dataclass(frozen=True, slots=True)
class Renames:
    """What is chosen of a backup, and its names in the target; nothing chosen means everything.

    Attributes:
        tables: Tables and their new names.
        schemas: Whole schemas and their new names.
    """

    tables: tuple[tuple[Name, Name], ...] = ()
    schemas: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is chosen."""
        return bool(self.tables or self.schemas)

    def name(self, source: Name) -> Name:
        """The name in the target of what has the name `source` in the backup."""
        schema = dict(self.schemas).get(source.schema, source.schema)
        return dict(self.tables).get(source, Name(schema, source.name))


EVERYTHING = Renames()


def table_steps(renames: Renames, entries: Iterable[Entry], keeps_owners: bool) -> list[Step]:
    """The steps that rename tables, as their owners; all leave their names before any takes a new one."""
    made = {Name(entry.schema, entry.tag): entry for entry in entries if entry.kind == "TABLE"}
    renamed = [(made[source], target) for source, target in _changed(renames) if source in made]
    leaving = [_step("leave", entry, target, keeps_owners, _leaving(entry, target)) for entry, target in renamed]
    taking = [_step("take", entry, target, keeps_owners, _taking(entry, target)) for entry, target in renamed]
    return [*leaving, *taking]


def _changed(renames: Renames) -> list[tuple[Name, Name]]:
    return [(source, target) for source, target in renames.tables if source != target]


def _step(name: str, entry: Entry, target: Name, keeps_owners: bool, text: str) -> Step:
    role, create = entry.owner if keeps_owners else "", str(entry.number)
    needs = (create, *([f"{create} owner"] if role else []), *([f"{create} leave"] if name != "leave" else []))
    return Step(f"{create} {name}", f"renaming {entry} to {target}", as_role(role, text), needs, create)


def _leaving(entry: Entry, target: Name) -> str:
    old, between = Name(entry.schema, entry.tag), Name(entry.schema, _between(entry))
    moved = f"; ALTER TABLE {_sql(between)} SET SCHEMA {always_quoted(target.schema)}"
    rename = f"ALTER TABLE {_sql(old)} RENAME TO {always_quoted(between.name)}"
    return rename + (moved if target.schema != entry.schema else "")


def _taking(entry: Entry, target: Name) -> str:
    return f"ALTER TABLE {_sql(Name(target.schema, _between(entry)))} RENAME TO {always_quoted(target.name)}"


def _between(entry: Entry) -> str:
    return f"shardkeep_{entry.number}"


def _sql(name: Name) -> str:
    return identifier(name.schema, name.name).text


def schema_steps(renames: Renames) -> list[Step]:
    """The steps that rename schemas."""
    return [
        Step(f"rename schema {old}", f"renaming schema {old} to {new}",
             encoded(f"ALTER SCHEMA {always_quoted(old)} RENAME TO {always_quoted(new)}"))
        for old, new in renames.schemas if old != new
    ]  # fmt: skip


def new_schemas(renames: Renames, entries: Iterable[Entry]) -> list[Step]:
    """The steps that make the schemas that tables move into, where they are missing."""
    made = {entry.tag for entry in entries if entry.kind == "SCHEMA"}
    wanted = {target.schema for source, target in _changed(renames) if target.schema != source.schema}
    return [
        Step(f"schema {name}", f"schema {name}", encoded(f"CREATE SCHEMA {always_quoted(name)}"), may_exist=True)
        for name in sorted(wanted - made)
    ]


def visited(renames: Renames, owners: Mapping[Name, str]) -> Iterator[tuple[str, str]]:
    """Schema and owner for each table that moves."""
    yield from ((target.schema, owners[source]) for source, target in _changed(renames) if source in owners)


def naming(renames: Renames, entries: Iterable[Entry]) -> list[str]:
    """Notes on routines whose bodies name what is renamed: the server does not look into them."""
    old = [source.name for source, _ in _changed(renames)] + [
        source for source, new in renames.schemas if source != new
    ]
    if not old:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, old))})(?!\w)")
    return [
        f"{entry}: its body names {found[0]}, which is renamed; look whether it is meant."
        for entry in entries if entry.kind in ROUTINES and (found := pattern.search(entry.statement))
    ]  # fmt: skip
