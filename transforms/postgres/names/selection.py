"""Which tables of a database are selected, and which rows of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transforms.errors import NotFoundError, UsageError
from transforms.postgres.names.identifiers import Name, name_list, parse_name, parse_segments
from transforms.postgres.names.pattern import Pattern, parse_patterns


@dataclass(frozen=True, slots=True)
class Where:
    """A condition that selects rows of one table."""

    table: Name
    predicate: str

    def __str__(self) -> str:
        """The option as on a command line."""
        return f"--where={self.table}:{self.predicate}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that can be selected: its own name, and those of the partitioned tables that it is part of."""

    name: Name
    roots: tuple[Name, ...] = ()

    @property
    def names(self) -> tuple[Name, ...]:
        """Every name that selects it."""
        return (self.name, *self.roots)


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected tables and rows of a database; a partitioned table's name selects all of its partitions.

    Attributes:
        schemas: Patterns of schemas whose tables are selected.
        tables: Patterns of tables that are selected; without any pattern every table is.
        excluded: Patterns of tables that are not selected.
        wheres: Conditions.
    """

    schemas: tuple[Pattern, ...] = ()
    tables: tuple[Pattern, ...] = ()
    excluded: tuple[Pattern, ...] = ()
    wheres: tuple[Where, ...] = ()

    @classmethod
    def parse(
        cls, schema: str = "", table: str = "", exclude_table: str = "", where: Sequence[str] = ()
    ) -> "Selection":
        """The selection of the options of these names; each but `where` is a list with commas.

        Raises:
            UsageError: if one is malformed.
        """
        return cls(
            parse_patterns(schema, "schema", 1),
            parse_patterns(table, "table", 2),
            parse_patterns(exclude_table, "exclude_table", 2),
            _distinct([parse_where(text) for text in where]),
        )

    @property
    def is_whole(self) -> bool:
        """Whether no table or schema was named: then objects beside tables belong to the backup too."""
        return not (self.schemas or self.tables)

    def settings(self) -> dict[str, str]:
        """The options that were given, for the manifest."""
        given = {
            "schema": self.schemas,
            "table": self.tables,
            "exclude_table": self.excluded,
            "where": self.wheres,
        }
        return {option: "\n".join(map(str, items)) for option, items in given.items() if items}

    def select(self, candidates: Iterable[Candidate], schemas: Iterable[str], empty: Iterable[Name] = ()) -> list[Name]:
        """The names of the selected candidates, sorted.

        Args:
            candidates: The tables with rows of their own.
            schemas: All schemas of the database.
            empty: Partitioned tables, which may be named although they have no partition.

        Raises:
            NotFoundError: for a pattern or a condition whose table is not there.
        """
        every = sorted(candidates, key=lambda candidate: candidate.name)
        self._check(every, list(schemas), list(empty))
        chosen = [candidate for candidate in every if self.selects(candidate)]
        self._check_wheres(chosen)
        return [candidate.name for candidate in chosen]

    def selects(self, candidate: Candidate) -> bool:
        """Whether a table is selected."""
        asked = not (self.schemas or self.tables) or _match(self.tables, candidate) or self._has_schema(candidate)
        return asked and not self.excludes(candidate)

    def excludes(self, candidate: Candidate) -> bool:
        """Whether a table is left out although it is selected."""
        return _match(self.excluded, candidate)

    def predicate(self, candidate: Candidate) -> str:
        """The condition on a table's rows; empty for all rows."""
        return next((where.predicate for where in self.wheres if where.table in candidate.names), "")

    def _has_schema(self, candidate: Candidate) -> bool:
        return any(pattern.matches(candidate.name.schema) for pattern in self.schemas)

    def _check(self, candidates: Sequence[Candidate], schemas: Sequence[str], empty: Sequence[Name]) -> None:
        for pattern in self.schemas:
            if not any(map(pattern.matches, schemas)):
                raise NotFoundError(f"{pattern}: the database has no such schema. It has: {name_list(schemas)}.")
        known = [*candidates, *map(Candidate, empty)]
        for pattern in (*self.tables, *self.excluded):
            if not matches(pattern, known):
                raise _no_table(str(pattern), known)

    def _check_wheres(self, chosen: Sequence[Candidate]) -> None:
        for where in self.wheres:
            if not any(where.table in candidate.names for candidate in chosen):
                raise _no_table(str(where), chosen, "selection")
        for candidate in chosen:
            both = [str(where) for where in self.wheres if where.table in candidate.names]
            if len(both) > 1:
                raise UsageError(f"{' and '.join(both)}: both are about {candidate.name}. Make one condition of them.")


def parse_where(text: str) -> Where:
    """The condition `SCHEMA.TABLE:predicate`.

    Raises:
        UsageError: if it does not have this form.
    """
    _, rest = parse_segments(text, "where")
    parts = parse_name(text[: len(text) - len(rest)], "where")
    predicate = rest.removeprefix(":").strip()
    if len(parts) != 2 or not rest.startswith(":") or not predicate or "\0" in predicate:
        raise UsageError(f"--where={text}: write SCHEMA.TABLE:CONDITION, for example 'public.orders:id < 1000'.")
    return Where(Name(*parts), predicate)


def _distinct(wheres: Sequence[Where]) -> tuple[Where, ...]:
    for place, where in enumerate(wheres):
        if any(where.table == other.table for other in wheres[:place]):
            raise UsageError(f"{where}: {where.table} has a condition already. Make one of them, with AND.")
    return tuple(wheres)


def matches(pattern: Pattern, candidates: Iterable[Candidate]) -> bool:
    """Whether a pattern of tables selects any of these."""
    return any(_match([pattern], candidate) for candidate in candidates)


def _match(patterns: Sequence[Pattern], candidate: Candidate) -> bool:
    return any(pattern.matches(name.schema, name.name) for pattern in patterns for name in candidate.names)


def _no_table(option: str, known: Sequence[Candidate], of: str = "database") -> NotFoundError:
    names = name_list(sorted({name for candidate in known for name in candidate.names}))
    return NotFoundError(f"{option}: the {of} has no such table. It has: {names}.")
