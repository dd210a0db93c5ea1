"""What is selected of a backup, and its names in the target."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from transforms.postgres.names.identifiers import Name, quoted
from transforms.postgres.names.selection import Candidate, Selection

DIGITS = 16


@dataclass(frozen=True)
class Renames:
    """What is selected of a backup, and its names in the target; an empty selection means everything.

    Attributes:
        tables: Old and new names of tables that get another one.
        schemas: Old and new names of whole schemas that get another one.
        chosen: What is selected, including what gets a new name.
    """

    tables: tuple[tuple[Name, Name], ...] = ()
    schemas: tuple[tuple[str, str], ...] = ()
    chosen: Selection = Selection()  # noqa: RUF009 - frozen

    def __bool__(self) -> bool:
        """Whether only some of the backup is selected."""
        return not self.chosen.is_whole

    @cached_property
    def new_tables(self) -> Mapping[Name, Name]:
        """New names of tables by the old."""
        return dict(self.tables)

    @cached_property
    def new_schemas(self) -> Mapping[str, str]:
        """New names of schemas by the old."""
        return dict(self.schemas)

    def name(self, source: Name) -> Name:
        """The name in the target of the table `source` of the backup."""
        schema = self.new_schemas.get(source.schema, source.schema)
        return self.new_tables.get(source, Name(schema, source.name))

    def made(self, source: Name) -> Name:
        """The name under which a table is made and filled.

        Views refer to columns by the table's name, so a table that gets another one keeps its name until the end, in a
        schema made for it, apart from what the target has.
        """
        target = self.name(source)
        return target if target.name == source.name else Name(own_schema(source), source.name)

    @cached_property
    def _named(self) -> frozenset[Name]:
        """The tables selected by name, not by a glob; a set, since there may be as many as the backup has."""
        return frozenset(Name(*pattern.literal) for pattern in self.chosen.tables if pattern.literal)

    @cached_property
    def _others(self) -> Selection:
        return replace(self.chosen, tables=tuple(each for each in self.chosen.tables if not each.literal))

    def takes_table(self, candidate: Candidate) -> bool:
        """Whether a table is selected."""
        if not self._named.isdisjoint(candidate.names):
            return not self.chosen.excludes(candidate)
        return (not self._others.is_whole or not self) and self._others.selects(candidate)

    def takes_schema(self, name: str) -> bool:
        """Whether a whole schema is selected."""
        return any(pattern.matches(name) for pattern in self.chosen.schemas)

    @property
    def changes(self) -> tuple[str, ...]:
        """What gets another name, for people."""
        pairs = [*self.tables, *((quoted(old), quoted(new)) for old, new in self.schemas)]
        return tuple(f"{old} to {new}" for old, new in pairs if old != new)


EVERYTHING = Renames()


def own_schema(source: Name) -> str:
    """The schema in which a table that gets another name is made, the same at each call."""
    digest = hashlib.sha256(f"{source.schema}\0{source.name}".encode("utf-8", "surrogateescape"))
    return f"shardkeep_{digest.hexdigest()[:DIGITS]}"
