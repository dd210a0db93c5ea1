"""Damage of tables that were not chosen, as far as a listing shows it; it does not stop a restore of others."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from transforms.avro.block import SYNC_SIZE
from transforms.avro.header import Header
from transforms.errors import ShardkeepError
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.manifest import Manifest, TableEntry
from transforms.vault.store.interface import Store

_NAMED = 5
"""Most tables that a warning names."""


@dataclass(frozen=True, slots=True)
class OtherTables:
    """What the names and sizes of objects show about tables that were not restored.

    Attributes:
        damaged: The names of tables with shards or index files that are missing, or whose sizes are not those they had
            when they were written.
        unknown: Why the objects could not be listed; None if they were.
        verify: The command that checks more closely; empty if there is nothing to check.
    """

    damaged: tuple[str, ...] = ()
    unknown: str | None = None
    verify: str = ""

    def warnings(self) -> Iterator[str]:
        """Warnings for people: one line, or none."""
        if self.unknown is not None:
            yield f"whether tables that were not chosen are damaged is not known: {self.unknown} {self._closer}"
        if self.damaged:
            rest = len(self.damaged) - _NAMED
            names = ", ".join(self.damaged[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
            yield (
                "tables that were not chosen are damaged, as the names and sizes of their objects show (no content was"
                f" read): {names}. {self._closer}"
            )

    @property
    def _closer(self) -> str:
        return f"`{self.verify}` looks closer."


@dataclass(frozen=True, slots=True)
class _Shards:
    """The shards in a table's folder, one for each range, however often the range was tried.

    Attributes:
        ranges: How many ranges have a shard.
        least: The sum of their sizes, with the smallest shard of each range.
        most: The same with the largest shard of each range.
    """

    ranges: int = 0
    least: int = 0
    most: int = 0


def look_at(store: Store, manifest: Manifest, places: Collection[int], verify: str) -> OtherTables:
    """Check tables by listing the shards and index files of their backup, about one request for 1,000 objects.

    Args:
        store: The objects of the source's folder.
        manifest: The backup's.
        places: The tables' places in it; if there are none, nothing is listed.
        verify: The command that checks more closely.
    """
    if not places:
        return OtherTables()
    try:
        damaged = tuple(_damaged(store, manifest, places))
    except ShardkeepError as error:
        return OtherTables(unknown=str(error), verify=verify)
    return OtherTables(damaged, verify=verify) if damaged else OtherTables()


def verify_command(vault: str, folder: str, backup: str) -> str:
    """The command that checks all objects of a backup, for a shell."""
    options = (f"--vault={vault}", f"--source={folder}", f"--backup={backup}", "--level=L1")
    return shlex.join(("shardkeep", "verify", *options))


def _damaged(store: Store, manifest: Manifest, places: Collection[int]) -> Iterator[str]:
    layout = BackupLayout(manifest.intent.backup)
    files, folders = dict(store.sizes(layout.index_files)), _shards_by_folder(store.sizes(layout.shards))
    for entry in (manifest.tables[place] for place in sorted(places)):
        found = folders.get(entry.table.folder, _Shards())
        if not (_fits(entry, found) and all(files.get(part.file.name) == part.file.size for part in entry.index)):
            yield entry.table.name


def _shards_by_folder(sizes: Iterable[tuple[str, int]]) -> Mapping[str, _Shards]:
    """The shards of each table's folder; names are sorted, so those of one range are neighbours."""
    folders: dict[str, _Shards] = {}
    for (folder, _), tries in groupby(sizes, lambda item: _range_of(item[0])):
        found, tried = folders.get(folder, _Shards()), [size for _, size in tries]
        folders[folder] = _Shards(found.ranges + 1, found.least + min(tried), found.most + max(tried))
    return folders


def _range_of(name: str) -> tuple[str, str]:
    """Folder and number in `<backup>/data/<folder>/<number>-<random>.avro`."""
    folder, _, file = name.split("/", 2)[2].rpartition("/")
    return folder, file.partition("-")[0]


def _fits(entry: TableEntry, found: _Shards) -> bool:
    """Whether the shards may be those of a table: their number and sizes fit its blocks and headers.

    Only the index, which is not read, says which of several shards of a range counts.
    """
    shards = sum(part.shards for part in entry.index)
    header = len(Header(entry.table.avro_schema, bytes(SYNC_SIZE)).encode())
    return found.ranges == shards and found.least <= entry.totals.stored_bytes + shards * header <= found.most
