"""The column families of a backup's tables, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.command.print.tables import render
from transforms.bigtable.catalog.gc_rule import cbt_policy
from transforms.errors import IntegrityError
from transforms.vault.format.manifest import Manifest


def families_table(manifest: Manifest) -> str:
    """The families of a Bigtable backup, each with its garbage collection rule; empty for another room."""
    if manifest.intent.source.room != "bigtable":
        return ""
    rows = [row for entry in manifest.tables for row in _rows(entry.table.name, entry.table.schema)]
    return render(("TABLE", "FAMILY", "TYPE", "GARBAGE COLLECTION"), rows)


def _rows(table: str, schema: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """A row for each family; a schema of an unknown form, which a restore refuses, has none."""
    families = schema.get("families")
    for name, family in sorted(families.items()) if isinstance(families, dict) else ():
        known = isinstance(family, dict)
        yield table, name, family.get("kind") if known else None, _policy(family.get("gc")) if known else None


def _policy(rule: Any) -> str:  # noqa: ANN401 - what a manifest has there
    try:
        return cbt_policy(rule)
    except (IntegrityError, RecursionError):
        return "unknown to this version"
