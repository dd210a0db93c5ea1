"""Tables in the catalog: those with rows, and those that only represent rows elsewhere."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.errors import RefusedError
from transforms.postgres.catalog.queries import PARENTS, SCHEMAS, TABLES
from transforms.postgres.names.identifiers import Name
from transforms.postgres.names.selection import Candidate
from transforms.postgres.server.session import Connection

_WHERE = re.compile(r"\s*where\b\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parent:
    """A table above another one; `strategy` is `pg_partitioned_table.partstrat`, empty for mere inheritance."""

    oid: int
    name: Name
    strategy: str


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A row of `pg_class`.

    Attributes:
        oid: Its oid.
        name: Its name.
        kind: `relkind`: `"r"`, `"p"` (partitioned), `"f"` (foreign) or `"m"` (materialized view).
        persistence: `"p"`, `"u"` (unlogged) or `"t"` (temporary).
        is_partition: Whether it is a partition.
        access_method: The name of its access method.
        condition: An extension's condition for the rows to be dumped; None if there is none.
        of_extension: Whether it belongs to an extension.
        parents: The tables directly above.
        above: The partitioned tables above, the nearest first.
    """

    oid: int
    name: Name
    kind: str
    persistence: str
    is_partition: bool
    access_method: str
    condition: str | None
    of_extension: bool
    parents: tuple[Parent, ...] = ()
    above: tuple[Parent, ...] = ()

    @property
    def has_rows(self) -> bool:
        """Whether it has rows of its own that are backed up."""
        return self.kind == "r" and self.persistence != "t" and self.condition is not None

    @property
    def is_described(self) -> bool:
        """Whether `pg_dump` describes it, and so locks it: all tables except those of extensions and sessions."""
        return self.kind in "rp" and self.persistence != "t" and not self.of_extension

    def candidate(self) -> Candidate:
        """As a candidate for selection by its name or that of a partitioned table."""
        return Candidate(self.name, tuple(parent.name for parent in self.above))

    def where(self, predicate: str) -> str:
        """The condition on its rows, an extension's and the user's together.

        Raises:
            RefusedError: if this version does not understand the extension's condition.
        """
        own = self._own_condition()
        return f"({own}\n) AND ({predicate}\n)" if own and predicate else own or predicate

    def _own_condition(self) -> str:
        """The extension's condition without its WHERE: `pg_dump` puts it, as it is, after the table's name."""
        if not self.condition or not self.condition.strip():
            return ""
        where = _WHERE.match(self.condition)
        if where is None:
            raise RefusedError(
                f"{self.name}: its extension selects its rows by {self.condition!r}, which is no WHERE clause."
                f" Leave it out: --exclude_table={self.name}."
            )
        return self.condition[where.end() :]


def list_schemas(connection: Connection) -> list[str]:
    """The database's schemas, without the server's."""
    return [row[0] for row in connection.execute(SCHEMAS)]


def list_catalog_tables(connection: Connection) -> list[CatalogTable]:
    """All tables, foreign tables and materialized views except the server's, sorted by name."""
    parents = _parents(connection)
    return [_table(row, parents) for row in connection.execute(TABLES).fetchall()]


def _table(row: Sequence[Any], parents: "dict[int, list[Parent]]") -> CatalogTable:
    oid, schema, name, kind, persistence, is_partition, access_method, condition, of_extension = row
    return CatalogTable(
        oid=oid,
        name=Name(schema, name),
        kind=kind,
        persistence=persistence,
        is_partition=is_partition,
        access_method=access_method,
        condition=condition,
        of_extension=of_extension,
        parents=tuple(parents.get(oid, ())),
        above=_above(oid, parents),
    )


def without_rows(tables: Iterable[CatalogTable]) -> list[Name]:
    """The names of partitioned tables, which may be selected even if they are empty."""
    return [table.name for table in tables if table.kind == "p"]


def _parents(connection: Connection) -> dict[int, list[Parent]]:
    parents: dict[int, list[Parent]] = {}
    for child, oid, schema, name, strategy in connection.execute(PARENTS):
        parents.setdefault(child, []).append(Parent(oid, Name(schema, name), strategy))
    return parents


def _above(oid: int, parents: "dict[int, list[Parent]]") -> tuple[Parent, ...]:
    """The partitioned tables above a table: a partition has one parent, and inherits from nothing else."""
    chain, nearest = list[Parent](), _partitioned(parents.get(oid, ()))
    while nearest is not None:
        chain.append(nearest)
        nearest = _partitioned(parents.get(nearest.oid, ()))
    return tuple(chain)


def _partitioned(parents: Sequence[Parent]) -> Parent | None:
    return next((parent for parent in parents if parent.strategy), None)
