"""A vault of many backups that have only intents and manifests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.vault.format.index import IndexFile, IndexPart
from transforms.vault.format.intent import Intent, new_backup_id
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.manifest import Manifest, TableEntry
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.format.totals import Totals
from transforms.vault.vault import Vault, open_or_create_vault

SOURCE = Identity("bigtable", (("project", "p"), ("instance", "i")))
_WRITERS = 16
_DIGEST = sha256(b"").digest()


def fill(place: str, backups: int, tables: int) -> None:
    """Make a vault of committed backups of `tables` tables each, an hour apart, the last one an hour ago."""
    vault, now = open_or_create_vault(place), datetime.now(timezone.utc)
    times = (now - timedelta(hours=hours) for hours in range(backups, 0, -1))
    with ThreadPoolExecutor(_WRITERS) as writers:
        for _ in writers.map(lambda moment: _put(vault, _intent(vault, moment, tables)), times):
            pass


def _intent(vault: Vault, moment: datetime, tables: int) -> Intent:
    return Intent(
        vault=vault.id,
        backup=new_backup_id(moment),
        run=32 * "0",
        created=f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z",
        source=SOURCE,
        consistency="row-atomic",
        name="nightly",
        options={},
        tables=tuple(Table((f"table_{number}",), {"families": {}}, '"bytes"') for number in range(tables)),
        tool="shardkeep",
    )


def _put(vault: Vault, intent: Intent) -> None:
    store, layout = vault.store_of(SOURCE.folder), BackupLayout(intent.backup)
    store.put(layout.intent, intent.encode())
    store.put(layout.manifest, _manifest(intent, layout).encode())


def _manifest(intent: Intent, layout: BackupLayout) -> Manifest:
    file = IndexFile(0, _ref(layout.index(0, 0, _DIGEST)), ())
    entries = tuple(_entries(intent, file))
    index = replace(file, parts=tuple(part for entry in entries for part in entry.index))
    return Manifest(intent, _ref(layout.intent), (_ref(layout.plan(0)),), (index,), entries)


def _entries(intent: Intent, file: IndexFile) -> Iterator[TableEntry]:
    totals, read = Totals(1000, 1000, 1 << 20, 1 << 19, 0), 1_700_000_000_000_000
    for place, table in enumerate(intent.tables):
        yield TableEntry(table, 1, (IndexPart(place, file.object, KeyRange(), 1, 1, totals, read, read),))


def _ref(name: str) -> ObjectRef:
    return ObjectRef(name, 1000, 0, _DIGEST)
