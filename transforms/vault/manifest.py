"""The manifest: the object whose existence commits a backup."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.key_range import KeyRange, check_tiling, printable
from transforms.vault.index import IndexFile
from transforms.vault.intent import FORMAT, Intent
from transforms.vault.object_ref import ObjectRef
from transforms.vault.sealed_json import seal, unseal
from transforms.vault.totals import Totals


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of a committed backup: what it was, its plan, its index files."""

    table: Table
    plan: ObjectRef
    ranges: int
    index: tuple[IndexFile, ...]

    @property
    def totals(self) -> Totals:
        """The sums of all its chunks."""
        return sum((file.totals for file in self.index), Totals())


@dataclass(frozen=True, slots=True)
class Manifest:
    """A committed backup.

    Attributes:
        intent: What it set out to do.
        intent_object: The intent's object.
        tables: What became of each table of the intent, in its order.
        facts: What the source tells of the reading, such as positions in its log: a JSON object.
        attachments: By name, what belongs to the backup beside the rows.
    """

    intent: Intent
    intent_object: ObjectRef
    tables: tuple[TableEntry, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, ObjectRef] = field(default_factory=dict)

    @property
    def totals(self) -> Totals:
        """The sums over all tables."""
        return sum((entry.totals for entry in self.tables), Totals())

    @property
    def shards(self) -> int:
        """The number of shards."""
        return sum(file.shards for entry in self.tables for file in entry.index)

    def encode(self) -> bytes:
        """The object's bytes: a function of the manifest alone."""
        intent = self.intent
        return seal(
            {
                "format": FORMAT,
                "vault": intent.vault,
                "backup": intent.backup,
                "run": intent.run,
                "kind": "full",
                "parent": None,
                "created": intent.created,
                "source": intent.source.to_json(),
                "consistency": intent.consistency,
                "label": intent.label,
                "options": intent.options,
                "tool": intent.tool,
                "intent": self.intent_object.to_json(),
                "facts": dict(self.facts),
                "attachments": {name: ref.to_json() for name, ref in sorted(self.attachments.items())},
                "tables": [_table_json(entry) for entry in self.tables],
                "totals": self.totals.to_json(),
            }
        )


def check_tables(manifest: Manifest) -> Manifest:
    """The manifest, when each of its tables is whole.

    Raises:
        IntegrityError: if the index files of a table leave out a key or hold one twice.
    """
    for entry in manifest.tables:
        check_table(entry)
    return manifest


def check_table(entry: TableEntry) -> None:
    """Check that a table's index files tile every key space that they speak of, from end to end.

    Raises:
        IntegrityError: if they do not, or there is none.
    """
    where = f"table {entry.table.name}"
    if not entry.index:
        raise IntegrityError(f"{where}: no range of it was backed up. Take a new backup.")
    for space in sorted({file.range.space for file in entry.index}):
        ranges = (file.range for file in entry.index if file.range.space == space)
        check_tiling(ranges, KeyRange(space), where)


def decode_manifest(data: bytes, name: str) -> Manifest:
    """The manifest in an object's bytes, proved on its own (level L0).

    Raises:
        IntegrityError: if it is corrupt, of an unknown format, or does not add up.
    """
    value = unseal(data, name)
    if value.get("format") != FORMAT:
        raise IntegrityError(
            f"{name} has format {value.get('format')}; this version reads format {FORMAT}. Use a newer Shardkeep."
        )
    try:
        manifest, totals = _from_json(value), Totals.from_json(value["totals"])
        check_tables(manifest)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise IntegrityError(f"{name} lacks or misstates a field: {error!r}.") from error
    if manifest.totals != totals:
        raise IntegrityError(f"{name}: the totals are not the sums of its tables.")
    return manifest


def _from_json(value: dict[str, Any]) -> Manifest:
    intent_object = ObjectRef.from_json(value["intent"])
    entries = tuple(_table_from_json(number, item) for number, item in enumerate(value["tables"]))
    tables = tuple(entry.table for entry in entries)
    attachments = {name: ObjectRef.from_json(ref) for name, ref in value["attachments"].items()}
    return Manifest(Intent.from_json(value, tables), intent_object, entries, dict(value["facts"]), attachments)


def _table_json(entry: TableEntry) -> dict[str, Any]:
    return {
        **entry.table.to_json(),
        **entry.totals.to_json(),
        "name": entry.table.name,
        "ranges": entry.ranges,
        "shards": sum(file.shards for file in entry.index),
        "chunks": sum(file.chunks for file in entry.index),
        "read_started": rfc3339(min(file.read_started for file in entry.index)),
        "read_finished": rfc3339(max(file.read_finished for file in entry.index)),
        "plan": entry.plan.to_json(),
        "index": [_index_json(file) for file in entry.index],
    }


def _table_from_json(number: int, item: dict[str, Any]) -> TableEntry:
    index = tuple(_index_from_json(number, file) for file in item["index"])
    entry = TableEntry(Table.from_json(item), ObjectRef.from_json(item["plan"]), item["ranges"], index)
    if _table_json(entry) != item:
        raise ValueError(f"table {item['name']}: its sums are not those of its index files")
    return entry


def _index_json(file: IndexFile) -> dict[str, Any]:
    return {
        **file.object.to_json(),
        **file.totals.to_json(),
        "number": file.number,
        "space": file.range.space,
        "start": _key_json(file.range.start),
        "end": _key_json(file.range.end),
        "shards": file.shards,
        "chunks": file.chunks,
        "read_started": file.read_started,
        "read_finished": file.read_finished,
    }


def _index_from_json(table: int, item: dict[str, Any]) -> IndexFile:
    key_range = KeyRange(item["space"], _key_from_json(item["start"]), _key_from_json(item["end"]))
    numbers = {name: item[name] for name in ("number", "shards", "chunks", "read_started", "read_finished")}
    ref, totals = ObjectRef.from_json(item), Totals.from_json(item)
    return IndexFile(table=table, object=ref, range=key_range, totals=totals, **numbers)


def _key_json(key: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(key).decode(), "text": printable(key)}


def _key_from_json(item: dict[str, str]) -> bytes:
    return base64.b64decode(item["base64"], validate=True)


def rfc3339(micros: int) -> str:
    """A time in microseconds since 1970, UTC, as RFC 3339 writes it."""
    moment = datetime.fromtimestamp(micros // 1_000_000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000:06d}Z"
