"""The commit: a manifest out of an intent, plans and index files, written once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transforms.errors import ExistsError, IntegrityError
from transforms.map_ahead import map_ahead
from transforms.vault.index import IndexFile
from transforms.vault.intent import Intent
from transforms.vault.inventory import check_inventory
from transforms.vault.layout import BackupLayout
from transforms.vault.manifest import Manifest, TableEntry, check_tables, decode_manifest
from transforms.vault.object_ref import ObjectRef, refer
from transforms.vault.plan import decode_plan
from transforms.vault.store import Store, put_once

_PLANS_AT_ONCE = 16
"""Plans that are read at once: a thousand tables have as many, and each waits for an answer of the store."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a manifest is made of beside intent and plans; see `Manifest` for the fields."""

    files: Sequence[IndexFile]
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, ObjectRef] = field(default_factory=dict)


def commit(store: Store, backup: str, gathered: Gathered) -> Manifest:
    """Write the manifest of a backup; `store` is the source's folder.

    Running twice is harmless: the same files give the same bytes, and an engine that ran the whole
    job again finds the manifest of its own run, which stands.

    Raises:
        IntegrityError: if the files do not make whole tables.
        ExistsError: if another run committed this backup.
    """
    layout = BackupLayout(backup)
    data = store.read(layout.intent)
    intent, by_table = Intent.decode(data, layout.intent), _by_table(gathered.files)

    def entry(number: int) -> TableEntry:
        return _entry(store, layout, intent, number, by_table.get(number, []))

    entries = tuple(map_ahead(entry, range(len(intent.tables)), _PLANS_AT_ONCE))
    ref = refer(layout.intent, data)
    manifest = check_tables(Manifest(intent, ref, entries, gathered.facts, gathered.attachments))
    try:
        put_once(store, layout.manifest, manifest.encode())
    except ExistsError as error:
        return _own_manifest(store, layout, intent, error)
    return manifest


def _by_table(files: Iterable[IndexFile]) -> dict[int, list[IndexFile]]:
    by_table: dict[int, list[IndexFile]] = {}
    for file in sorted(set(files), key=lambda file: (file.table, file.number, file.range.space, file.object.name)):
        by_table.setdefault(file.table, []).append(file)
    return by_table


def _entry(store: Store, layout: BackupLayout, intent: Intent, number: int, files: Sequence[IndexFile]) -> TableEntry:
    table = intent.tables[number]
    name = layout.plan(table.folder)
    data = store.read(name)
    ranges = decode_plan(data)
    if {item.space for item in ranges} != {file.range.space for file in files}:
        raise IntegrityError(f"table {table.name}: not every planned key space was backed up. Take a new backup.")
    return TableEntry(table, refer(name, data), len(ranges), tuple(files))


def _own_manifest(store: Store, layout: BackupLayout, intent: Intent, error: ExistsError) -> Manifest:
    manifest = decode_manifest(store.read(layout.manifest), layout.manifest)
    if manifest.intent.run != intent.run:
        raise ExistsError(f"{layout.manifest}: another run has committed this backup; its manifest stands.") from error
    _check_own(store, manifest)
    return manifest


def _check_own(store: Store, manifest: Manifest) -> None:
    """A manifest of this run that an earlier try of the job wrote counts if its objects are there."""
    problem = next(check_inventory(store, manifest), None)
    if problem:
        raise IntegrityError(f"An earlier try of this run committed a backup that is not whole: {problem}")
