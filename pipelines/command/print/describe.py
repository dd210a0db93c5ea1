"""A backup as a JSON object for programs and as text for people."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from pipelines.command.print.durations import human_age, human_duration
from pipelines.command.print.emulators import emulator_notes
from pipelines.command.print.escapes import one_line
from pipelines.command.print.sizes import counted, human_bytes, human_count
from pipelines.command.print.tables import render
from pipelines.command.rooms import schema_table
from transforms.vault.age import seconds_of
from transforms.vault.catalogue import Listing
from transforms.vault.format.layout import begun_at
from transforms.vault.format.manifest import TableEntry
from transforms.vault.format.totals import Totals


def summary_json(listing: Listing) -> dict[str, Any]:
    """A backup as `list --json` prints it; fields known only of a committed backup are null in others."""
    manifest, intent = listing.manifest, listing.intent
    return {
        "backup": listing.backup,
        "source": listing.folder,
        "kind": "full",
        "created": intent.created if intent else None,
        "seconds": seconds_of(listing),
        "name": intent.name if intent else None,
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
    """A backup as `show --json` prints it: the summary, and every table."""
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


def tables_table(listing: Listing) -> str:
    """The tables of a committed backup."""
    headings = ("TABLE", "ROWS", "BYTES", "STORED", "RANGES", "SHARDS", "CHUNKS", "DIGEST")
    return render(headings, [_table_row(item) for item in details_json(listing)["tables"]])


def _table_row(item: dict[str, Any]) -> tuple[object, ...]:
    sizes = human_bytes(item["bytes"]), human_bytes(item["stored_bytes"])
    return (item["name"], item["rows"], *sizes, item["ranges"], item["shards"], item["chunks"], item["digest"])


def description(listing: Listing, now: datetime | None = None) -> str:
    """A backup as `shardkeep show` shows it."""
    manifest = listing.manifest
    said = [*_facts(listing, now or datetime.now(timezone.utc))]
    if manifest is not None:
        headings, rows = schema_table(manifest.intent.source, [entry.table for entry in manifest.tables])
        said += ["", tables_table(listing), *(["", render(headings, rows)] if rows else [])]
    for entry in manifest.tables if manifest else ():
        said += [f"warning: table {entry.table.name}: {warning}" for warning in entry.table.warnings]
    notes = [*(emulator_notes(listing.intent.options) if listing.intent else ())]
    notes += manifest.notes if manifest else ()
    return "\n".join([*said, *(f"note: {note}" for note in notes)])


def _facts(listing: Listing, now: datetime) -> Iterator[str]:
    """The lines about the whole backup."""
    item = summary_json(listing)
    facts = [(key, item[key]) for key in ("backup", "source", "state")]
    facts += [("problem", line) for line in listing.problem.splitlines()]
    facts += [("name", item["name"]), ("begun", _begun(listing, now)), ("consistency", item["consistency"])]
    if listing.manifest is not None:
        tables = counted(len(listing.manifest.tables), "table")
        facts += [("rows", f"{human_count(item['rows'])} in {tables}")]
        facts += [("bytes", f"{human_bytes(item['bytes'])}, stored {human_bytes(item['stored_bytes'])}")]
    width = max(len(key) for key, _ in facts)
    yield from (f"{key.ljust(width)}  {one_line(str(value))}" for key, value in facts if value)


def _begun(listing: Listing, now: datetime) -> str | None:
    begun, took = begun_at(listing.backup), seconds_of(listing)
    if begun is None:
        return None
    age = (now - begun).total_seconds()
    ago = f"{human_age(age)} ago" if age >= 0 else "in the future"
    return f"{begun:%Y-%m-%d %H:%M:%S} UTC, {ago}" + (f", took {human_duration(took)}" if took is not None else "")
