"""Backups as JSON objects for programs and as tables for people."""

from collections.abc import Sequence
from typing import Any

from pipelines.command.emulators import emulator_notes
from pipelines.command.sizes import human_bytes
from pipelines.command.tables import render
from transforms.vault.catalogue import Listing
from transforms.vault.manifest import TableEntry
from transforms.vault.totals import Totals


def summary_json(listing: Listing) -> dict[str, Any]:
    """A backup as `list --json` gives it; what only a committed backup knows is null otherwise."""
    manifest, intent = listing.manifest, listing.intent
    return {
        "backup": listing.backup,
        "source": listing.source,
        "kind": "full",
        "created": intent.created if intent else None,
        "name": intent.label if intent else None,
        "tables": [table.name for table in intent.tables] if intent else None,
        "consistency": intent.consistency if intent else None,
        "state": listing.state,
        "problem": listing.problem or None,
        **_sums_json(manifest.totals if manifest else None),
    }


def _sums_json(totals: Totals | None) -> dict[str, Any]:
    names = ("rows", "bytes", "stored_bytes")
    return {name: getattr(totals, name) if totals else None for name in names}


def details_json(listing: Listing) -> dict[str, Any]:
    """A backup as `show --json` gives it: the summary, and every table."""
    entries = listing.manifest.tables if listing.manifest else ()
    facts = dict(listing.manifest.facts) if listing.manifest else None
    return {**summary_json(listing), "tables": [_table_json(entry) for entry in entries], "facts": facts}


def _table_json(entry: TableEntry) -> dict[str, Any]:
    return {
        "name": entry.table.name,
        "schema": entry.table.schema,
        "ranges": entry.ranges,
        "shards": sum(part.shards for part in entry.index),
        "chunks": sum(part.chunks for part in entry.index),
        "digest": entry.totals.digest,
        "warnings": list(entry.table.warnings),
        **_sums_json(entry.totals),
    }


def summary_table(listings: Sequence[Listing]) -> str:
    """Backups as `shardkeep list` shows them."""
    headings = ("BACKUP", "STATE", "KIND", "CONSISTENCY", "TABLES", "ROWS", "BYTES", "STORED", "NAME", "SOURCE")
    return render(headings, [_summary_row(summary_json(listing)) for listing in listings])


def _summary_row(item: dict[str, Any]) -> tuple[object, ...]:
    tables = len(item["tables"]) if item["tables"] is not None else None
    sizes = [human_bytes(item[key]) if item[key] is not None else None for key in ("bytes", "stored_bytes")]
    texts = item["name"] or None, item["source"]
    return (item["backup"], item["state"], item["kind"], item["consistency"], tables, item["rows"], *sizes, *texts)


def tables_table(listing: Listing) -> str:
    """The tables of a committed backup."""
    headings = ("TABLE", "ROWS", "BYTES", "STORED", "RANGES", "SHARDS", "CHUNKS", "DIGEST")
    return render(headings, [_table_row(item) for item in details_json(listing)["tables"]])


def _table_row(item: dict[str, Any]) -> tuple[object, ...]:
    sizes = human_bytes(item["bytes"]), human_bytes(item["stored_bytes"])
    return (item["name"], item["rows"], *sizes, item["ranges"], item["shards"], item["chunks"], item["digest"])


def description(listing: Listing) -> str:
    """A backup as `shardkeep show` shows it."""
    warnings = [
        f"warning: table {entry.table.name}: {warning}"
        for entry in (listing.manifest.tables if listing.manifest else ())
        for warning in entry.table.warnings
    ]
    emulators = emulator_notes(listing.intent.options) if listing.intent else ()
    told = listing.manifest.notes if listing.manifest else ()
    notes = [f"note: {note}" for note in (*emulators, *told)]
    problem = [f"problem: {listing.problem}"] if listing.problem else []
    return "\n".join([summary_table([listing]), "", tables_table(listing), *warnings, *notes, *problem])
