"""The column families of a backup's tables, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.command.print.tables import render
from transforms.bigtable.catalog.gc_rule import cbt_policy
from transforms.errors import IntegrityError
from transforms.vault.format.manifest import Manifest


def families_table(manifest: Manifest) -> str:
    """The families of a Bigtable backup with their garbage collection rules; empty for other databases."""
    if manifest.intent.source.room != "bigtable":
        return ""
    rows = [row for entry in manifest.tables for row in _rows(entry.table.name, entry.table.schema)]
    return render(("TABLE", "FAMILY", "TYPE", "GARBAGE COLLECTION"), rows)


def _rows(table: str, schema: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """A row for each family; no rows for a schema of unknown form, which a restore refuses."""
    families = schema.get("families")
    for name, family in sorted(families.items()) if isinstance(families, dict) else ():
        known = isinstance(family, dict)
        yield table, name, family.get("kind") if known else None, _policy(family.get("gc")) if known else None


def _policy(rule: Any) -> str:  # noqa: ANN401 - any JSON of a manifest
    try:
        return cbt_policy(rule)
    except (IntegrityError, RecursionError):
        return "unknown to this version"
