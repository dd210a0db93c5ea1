"""The first rows of the tables of a backup."""

from dataclasses import dataclass

from transforms.identity import Table
from transforms.vault.chunk_run import read_chunks, runs_of
from transforms.vault.format.index import read_index
from transforms.vault.format.manifest import Manifest
from transforms.vault.store.interface import Store

ONE_CHUNK = 1


@dataclass(frozen=True)
class FirstRows:
    """The first rows of tables, read when asked for; `store` is the source's folder."""

    store: Store
    manifest: Manifest

    def records(self, table: Table) -> bytes:
        """See `Samples.records`.

        Raises:
            IntegrityError: if the chunk is damaged.
        """
        place = next(place for place, entry in enumerate(self.manifest.tables) if entry.table.parts == table.parts)
        names = {part.file.name for part in self.manifest.tables[place].index if part.totals.rows}
        files = (file for file in self.manifest.index if file.object.name in names)
        entries = (each for file in files for each in read_index(self.store, file) if each.place == place)
        runs = (run for each in entries for run in runs_of(place, each.shard, ONE_CHUNK))
        return next((records for run in runs for _, records in read_chunks(self.store, run)), b"")
