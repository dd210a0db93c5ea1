"""The manifest: the object whose existence commits a backup."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.json_fields import Fields, blamed_on
from transforms.key_range import KeyRange, check_tiling, printable
from transforms.vault.format.decoded import Decoded
from transforms.vault.format.index import IndexFile, IndexPart
from transforms.vault.format.intent import FORMAT, Intent, require_format
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.format.sealed_json import seal, unseal
from transforms.vault.format.shard import LAST_TIME
from transforms.vault.format.totals import Totals, sum_of


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of a committed backup: the table, the number of planned ranges, and its parts of the index."""

    table: Table
    ranges: int
    index: tuple[IndexPart, ...]

    @property
    def totals(self) -> Totals:
        """The sums of all its chunks."""
        return sum_of(part.totals for part in self.index)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A committed backup.

    Attributes:
        intent: The intent.
        intent_object: The intent's object.
        plans: The plans, in their order.
        index: The index files, in the order of tables and keys, each with its parts.
        tables: The tables, in the intent's order.
        facts: Facts about the reading, such as positions in the source's log: a JSON object.
        attachments: The attachments by name.
    """

    intent: Intent
    intent_object: ObjectRef
    plans: tuple[ObjectRef, ...]
    index: tuple[IndexFile, ...]
    tables: tuple[TableEntry, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, ObjectRef] = field(default_factory=dict)

    @property
    def totals(self) -> Totals:
        """The sums over all tables."""
        return sum_of(entry.totals for entry in self.tables)

    @property
    def notes(self) -> tuple[str, ...]:
        """The source's notes for people: texts among the facts, which are the room's own."""
        notes = self.facts.get("notes")
        return tuple(note for note in notes if isinstance(note, str)) if isinstance(notes, list) else ()

    @property
    def shards(self) -> int:
        """The number of shards."""
        return sum(file.shards for file in self.index)

    def encode(self) -> bytes:
        """The object's bytes: a function of the manifest alone."""
        intent = self.intent
        places = {file.object.name: place for place, file in enumerate(self.index)}
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
                "name": intent.name,
                "options": intent.options,
                "tool": intent.tool,
                "intent": self.intent_object.to_json(),
                "facts": dict(self.facts),
                "attachments": {name: ref.to_json() for name, ref in sorted(self.attachments.items())},
                "plans": [plan.to_json() for plan in self.plans],
                "index": [{**file.object.to_json(), "number": file.number} for file in self.index],
                "tables": [_table_json(entry, places) for entry in self.tables],
                "totals": self.totals.to_json(),
            }
        )


_MANIFESTS = Decoded[Manifest](most=1)


def check_tables(manifest: Manifest) -> Manifest:
    """The manifest, if each of its tables is whole.

    Raises:
        IntegrityError: if the index leaves out a key of a table or holds one twice.
    """
    for entry in manifest.tables:
        check_table(entry)
    return manifest


def check_table(entry: TableEntry) -> None:
    """Check that a table's parts of the index tile each of their key spaces, from end to end.

    Raises:
        IntegrityError: if they do not, or there is none.
    """
    where = f"table {entry.table.name}"
    if not entry.index:
        raise IntegrityError(f"{where}: no range of it was backed up. Take a new backup.")
    for space in sorted({part.range.space for part in entry.index}):
        ranges = (part.range for part in entry.index if part.range.space == space)
        check_tiling(ranges, KeyRange(space), where)


def decode_manifest(data: bytes, name: str) -> Manifest:
    """The manifest in an object's bytes, checked by itself (level L0).

    Raises:
        IntegrityError: if it is corrupt, of an unknown format, or does not add up.
    """
    return _MANIFESTS.value(data, lambda: _decode(data, name))


def encode_manifest(manifest: Manifest) -> bytes:
    """The object's bytes; this process keeps the manifest, and need not decode them again."""
    data = manifest.encode()
    _MANIFESTS.know(data, manifest)
    return data


def _decode(data: bytes, name: str) -> Manifest:
    value = unseal(data, name)
    require_format(value, name)
    with blamed_on(name):
        manifest, totals = _from_json(Fields(value)), Totals.from_json(Fields(value).object("totals"))
    check_tables(manifest)
    if manifest.totals != totals:
        raise IntegrityError(f"{name}: the totals are not the sums of its tables.")
    return manifest


def _from_json(value: Fields) -> Manifest:
    backup = value.text("backup")
    refs = [ObjectRef.from_json(item, "index file", backup) for item in value.objects("index")]
    entries = tuple(_table_from_json(place, item, refs) for place, item in enumerate(value.objects("tables")))
    return Manifest(
        intent=Intent.from_json(dict(value.value), tuple(entry.table for entry in entries)),
        intent_object=ObjectRef.from_json(value.object("intent"), "intent", backup),
        plans=tuple(ObjectRef.from_json(item, "plan", backup) for item in value.objects("plans")),
        index=_index_files(value.objects("index"), refs, entries),
        tables=entries,
        facts=dict(value.object("facts").value),
        attachments=_attachments(value.object("attachments"), backup),
    )


def _attachments(named: Fields, backup: str) -> dict[str, ObjectRef]:
    refs = {name: ObjectRef.from_json(named.object(name), "attachment", backup) for name in named.value}
    for name, ref in refs.items():
        if not ref.name.endswith(f"-{name}"):
            raise ValueError(f"{ref.name} is not the attachment {name!r:.200}")
    return refs


def _index_files(
    items: Sequence[Fields], refs: Sequence[ObjectRef], entries: Iterable[TableEntry]
) -> tuple[IndexFile, ...]:
    """The index files, each with its parts of all tables."""
    parts: dict[str, list[IndexPart]] = {ref.name: [] for ref in refs}
    for part in (part for entry in entries for part in entry.index):
        parts[part.file.name].append(part)
    if not all(parts.values()) or len(parts) < len(refs):
        raise ValueError("an index file is named twice, or by no table")
    numbers = (item.number("number") for item in items)
    return tuple(IndexFile(number, ref, tuple(parts[ref.name])) for number, ref in zip(numbers, refs, strict=True))


def _table_json(entry: TableEntry, places: Mapping[str, int]) -> dict[str, Any]:
    return {
        **entry.table.to_json(),
        **entry.totals.to_json(),
        "name": entry.table.name,
        "ranges": entry.ranges,
        "shards": sum(part.shards for part in entry.index),
        "chunks": sum(part.chunks for part in entry.index),
        "read_started": rfc3339(min(part.read_started for part in entry.index)),
        "read_finished": rfc3339(max(part.read_finished for part in entry.index)),
        "index": [_part_json(part, places[part.file.name]) for part in entry.index],
    }


def _table_from_json(place: int, item: Fields, refs: Sequence[ObjectRef]) -> TableEntry:
    parts = item.objects("index")
    index = tuple(_part_from_json(place, part, refs) for part in parts)
    entry = TableEntry(Table.from_json(dict(item.value)), item.number("ranges"), index)
    if not index:
        raise ValueError(f"table {entry.table.name} has no part of the index")
    places = {part.file.name: own.number("file") for part, own in zip(index, parts, strict=True)}
    if _table_json(entry, places) != item.value:
        raise ValueError(f"table {entry.table.name}: its sums are not those of its parts of the index")
    return entry


def _part_json(part: IndexPart, file: int) -> dict[str, Any]:
    return {
        **part.totals.to_json(),
        "file": file,
        "space": part.range.space,
        "start": _key_json(part.range.start),
        "end": _key_json(part.range.end),
        "shards": part.shards,
        "chunks": part.chunks,
        "read_started": part.read_started,
        "read_finished": part.read_finished,
    }


def _part_from_json(table: int, item: Fields, refs: Sequence[ObjectRef]) -> IndexPart:
    file = item.number("file", len(refs) - 1)
    key_range = KeyRange(item.text("space"), _key_from_json(item.object("start")), _key_from_json(item.object("end")))
    counts = {name: item.number(name) for name in ("shards", "chunks")}
    times = {name: item.number(name, LAST_TIME) for name in ("read_started", "read_finished")}
    totals = Totals.from_json(item)
    return IndexPart(place=table, file=refs[file], range=key_range, totals=totals, **counts, **times)


def _key_json(key: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(key).decode(), "text": printable(key)}


def _key_from_json(item: Fields) -> bytes:
    return base64.b64decode(item.text("base64"), validate=True)


def rfc3339(micros: int) -> str:
    """A time in microseconds since 1970, UTC, in the form of RFC 3339."""
    return f"{_to_the_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


@lru_cache(maxsize=1000)
def _to_the_second(seconds: int) -> str:
    """A cache: many small tables are read in one second, and formatting a time is slow."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}"
