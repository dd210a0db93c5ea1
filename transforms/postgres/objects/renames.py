"""What is chosen of a backup, and its names in the target; what is chosen without a new name keeps its own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from transforms.postgres.names.identifiers import Name, quoted
from transforms.postgres.names.selection import Candidate, Selection

DIGITS = 16


@dataclass(frozen=True)
class Renames:
    """What is chosen of a backup, and its names in the target; nothing chosen means everything.

    Attributes:
        tables: Tables with new names, each with the one that it gets.
        schemas: Whole schemas with new names, likewise.
        chosen: What is chosen, those with new names too.
    """

    tables: tuple[tuple[Name, Name], ...] = ()
    schemas: tuple[tuple[str, str], ...] = ()
    chosen: Selection = Selection()  # noqa: RUF009 - frozen

    def __bool__(self) -> bool:
        """Whether anything is chosen, or else everything."""
        return not self.chosen.is_whole

    @cached_property
    def new_tables(self) -> Mapping[Name, Name]:
        """New names by the old."""
        return dict(self.tables)

    @cached_property
    def new_schemas(self) -> Mapping[str, str]:
        """New names by the old."""
        return dict(self.schemas)

    def name(self, source: Name) -> Name:
        """The name in the target of the table that has the name `source` in the backup."""
        schema = self.new_schemas.get(source.schema, source.schema)
        return self.new_tables.get(source, Name(schema, source.name))

    def made(self, source: Name) -> Name:
        """The name under which it is made and filled.

        A view calls the columns of a table by the table's name, so that one keeps it until the end; a schema of its
        own keeps it apart from what is in the target.
        """
        target = self.name(source)
        return target if target.name == source.name else Name(own_schema(source), source.name)

    @cached_property
    def _named(self) -> frozenset[Name]:
        """The tables that are chosen without a glob, of which there may be as many as the backup has."""
        return frozenset(Name(*pattern.literal) for pattern in self.chosen.tables if pattern.literal)

    @cached_property
    def _others(self) -> Selection:
        return replace(self.chosen, tables=tuple(each for each in self.chosen.tables if not each.literal))

    def takes_table(self, candidate: Candidate) -> bool:
        """Whether a table is chosen."""
        if not self._named.isdisjoint(candidate.names):
            return not self.chosen.excludes(candidate)
        return (not self._others.is_whole or not self) and self._others.selects(candidate)

    def takes_schema(self, name: str) -> bool:
        """Whether all of a schema is chosen."""
        return any(pattern.matches(name) for pattern in self.chosen.schemas)

    @property
    def changes(self) -> tuple[str, ...]:
        """What gets another name, for people."""
        pairs = [*self.tables, *((quoted(old), quoted(new)) for old, new in self.schemas)]
        return tuple(f"{old} to {new}" for old, new in pairs if old != new)


EVERYTHING = Renames()


def own_schema(source: Name) -> str:
    """The schema in which a table is made that gets another name, the same at each call."""
    digest = hashlib.sha256(f"{source.schema}\0{source.name}".encode("utf-8", "surrogateescape"))
    return f"shardkeep_{digest.hexdigest()[:DIGITS]}"
