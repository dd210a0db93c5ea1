"""The commit: the manifest, made from the intent, plans and index files, and written once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from transforms.errors import ExistsError, IntegrityError
from transforms.identity import Table
from transforms.map_ahead import map_ahead
from transforms.vault.format.index import IndexFile, IndexPart
from transforms.vault.format.intent import Intent
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.manifest import Manifest, TableEntry, check_tables, decode_manifest, encode_manifest
from transforms.vault.format.object_ref import ObjectRef, refer
from transforms.vault.format.plan import decode_plan
from transforms.vault.format.portion import plans_of
from transforms.vault.format.records import LARGEST_FILE
from transforms.vault.format.sealed_json import LARGEST_DOCUMENT
from transforms.vault.inventory import check_inventory
from transforms.vault.store.interface import Store, put_once, read_whole

_AT_ONCE = 16
"""Plans that are read at once: each waits for the store."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The content of a manifest beside intent and plans; see `Manifest` for the fields."""

    files: Sequence[IndexFile]
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, ObjectRef] = field(default_factory=dict)
    schemas: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """By the table's place in the intent, if it differs from the intent's."""


def commit(store: Store, backup: str, gathered: Gathered) -> Manifest:
    """Write the manifest of a backup; `store` is the source's folder.

    It may run twice: the same files give the same bytes, and an engine that ran the whole
    job again finds the manifest of its own run, which counts.

    Raises:
        IntegrityError: if the files do not have all of each table.
        ExistsError: if another run committed this backup.
    """
    layout = BackupLayout(backup)
    data = read_whole(store, layout.intent, LARGEST_DOCUMENT)
    intent = Intent.decode(data, layout.intent)
    manifest = check_tables(_manifest(store, layout, intent, refer(layout.intent, data), gathered))
    try:
        put_once(store, layout.manifest, encode_manifest(manifest))
    except ExistsError as error:
        return _own_manifest(store, layout, intent, error)
    return manifest


def _manifest(
    store: Store, layout: BackupLayout, intent: Intent, intent_object: ObjectRef, gathered: Gathered
) -> Manifest:
    files = tuple(sorted(set(gathered.files), key=lambda file: (*file.order, file.object.name)))
    plans = list(map_ahead(partial(_read_plan, store, layout), plans_of(len(intent.tables)), _AT_ONCE))
    planned = {table: spaces for _, by_table in plans for table, spaces in by_table.items()}
    parts = _by_table(files)
    tables = [_table(table, gathered.schemas.get(place)) for place, table in enumerate(intent.tables)]
    entries = tuple(
        _entry(table, planned.get(place, Counter()), parts.get(place, [])) for place, table in enumerate(tables)
    )
    refs = tuple(ref for ref, _ in plans)
    return Manifest(intent, intent_object, refs, files, entries, gathered.facts, gathered.attachments)


def _read_plan(store: Store, layout: BackupLayout, plan: int) -> tuple[ObjectRef, dict[int, Counter[str]]]:
    """A plan's object, and for each of its tables how many ranges each key space has."""
    name = layout.plan(plan)
    data = read_whole(store, name, LARGEST_FILE)
    spaces: dict[int, Counter[str]] = {}
    for planned in (planned for portion in decode_plan(data, plan, name) for planned in portion.ranges):
        spaces.setdefault(planned.place, Counter())[planned.range.space] += 1
    return refer(name, data), spaces


def _by_table(files: Iterable[IndexFile]) -> dict[int, list[IndexPart]]:
    by_table: dict[int, list[IndexPart]] = {}
    for part in (part for file in files for part in file.parts):
        by_table.setdefault(part.place, []).append(part)
    return by_table


def _table(table: Table, schema: dict[str, Any] | None) -> Table:
    return table if schema is None else replace(table, schema=schema)


def _entry(table: Table, planned: Counter[str], parts: Sequence[IndexPart]) -> TableEntry:
    if planned.keys() != {part.range.space for part in parts}:
        raise IntegrityError(f"table {table.name}: not every planned key space was backed up. Take a new backup.")
    return TableEntry(table, planned.total(), tuple(parts))


def _own_manifest(store: Store, layout: BackupLayout, intent: Intent, error: ExistsError) -> Manifest:
    manifest = decode_manifest(read_whole(store, layout.manifest, LARGEST_DOCUMENT), layout.manifest)
    if manifest.intent.run != intent.run:
        raise ExistsError(f"{layout.manifest}: another run has committed this backup; its manifest stands.") from error
    _check_own(store, manifest)
    return manifest


def _check_own(store: Store, manifest: Manifest) -> None:
    """Check a manifest that an earlier attempt of this run wrote: it counts if its objects exist."""
    problem = next(check_inventory(store, manifest), None)
    if problem:
        raise IntegrityError(f"An earlier try of this run committed a backup that is not whole: {problem}")
