"""The column families of backed-up tables, for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from transforms.bigtable.catalog.gc_rule import cbt_policy
from transforms.errors import IntegrityError
from transforms.identity import Table

HEADINGS = ("TABLE", "FAMILY", "TYPE", "GARBAGE COLLECTION")


def schema_rows(tables: Sequence[Table]) -> Iterator[tuple[object, ...]]:
    """A row for each family; no rows for a schema of unknown form, which a restore refuses."""
    return (row for table in tables for row in _rows(table))


def _rows(table: Table) -> Iterator[tuple[object, ...]]:
    families = table.schema.get("families")
    for name, family in sorted(families.items()) if isinstance(families, dict) else ():
        known = isinstance(family, dict)
        yield table.name, name, family.get("kind") if known else None, _policy(family.get("gc")) if known else None


def _policy(rule: Any) -> str:  # noqa: ANN401 - any JSON of a manifest
    try:
        return cbt_policy(rule)
    except (IntegrityError, RecursionError):
        return "unknown to this version"
