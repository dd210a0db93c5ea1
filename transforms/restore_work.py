"""The steps of a restore, as plain functions over one frozen value."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from transforms.destinations import Destinations
from transforms.errors import IntegrityError
from transforms.map_ahead import map_ahead
from transforms.piece import Piece, pieces_of
from transforms.report import Report
from transforms.source import Assignment, Ending, Target
from transforms.vault.attachments import Attachments
from transforms.vault.chunk_run import ChunkRun, read_chunks, run_groups, runs_of
from transforms.vault.index import IndexFile, read_index
from transforms.vault.manifest import TableEntry
from transforms.vault.shard import Chunk
from transforms.verify_work import VerifyWork

SPLIT_SIZE = 128 << 20
"""Bytes of records between two of the keys that a new table is split at."""

MOST_SPLITS = 1000
"""Keys that a new table is split at."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a table: rows, and cells that the table's own rules will remove at once."""

    rows: int = 0
    doomed_cells: int = 0


@dataclass(frozen=True, slots=True)
class RestoredTable:
    """A table that was restored whole."""

    table: str
    destination: str
    rows: int
    doomed_cells: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done: its tables, and what the target says of the whole."""

    tables: tuple[RestoredTable, ...]
    ending: Ending


@dataclass(frozen=True, slots=True)
class RestoreWork:
    """What every worker of a restore is told.

    Attributes:
        backup: The backup, and how to check it.
        target: Whom it is written to.
        destinations: Where the restored tables go.
        writers: Pieces of a run that are being written at once: a server's answer takes longer than our work on one.
    """

    backup: VerifyWork
    target: Target
    destinations: Destinations
    writers: int = 4

    def begin(self, _: None, report: Report) -> None:
        """Begin with the target, once the backup has been found whole.

        Raises:
            IntegrityError: with all that is wrong with the backup.
        """
        require_ok(report)
        self.target.begin(self._assignments(), self._attachments())

    def places(self, _: None) -> Iterator[int]:
        """The places of the restored tables in the manifest."""
        return iter(self._placed())

    def prepare(self, place: int) -> int:
        """Make a table ready."""
        assignment = self._assignment(place)
        self.target.prepare(assignment, list(self._splits(place)) if assignment.create else [])
        return place

    def index_files(self, _: None) -> Iterator[IndexFile]:
        """The index files that hold something of the restored tables."""
        placed = self._placed()
        return (file for file in self.backup.manifest().index if any(part.table in placed for part in file.parts))

    def runs(self, file: IndexFile) -> list[tuple[ChunkRun, ...]]:
        """The runs of chunks of the restored tables in an index file, in groups."""
        placed = self._placed()
        entries = (entry for entry in read_index(self.backup.store(), file) if entry.table in placed)
        groups = list(run_groups(run for entry in entries for run in runs_of(entry.table, entry.shard)))
        self.backup.progress.add(planned=sum(map(len, groups)))
        return groups

    def write_runs(self, runs: tuple[ChunkRun, ...], prepared: Iterable[int]) -> list[tuple[int, Written]]:
        """Write the rows of a group of runs; see `write`."""
        return [self.write(run, prepared) for run in runs]

    def write(self, run: ChunkRun, prepared: Iterable[int]) -> tuple[int, Written]:
        """Write the rows of a run, piece by piece, each chunk proved by its digest before it is written.

        `prepared` is only waited for: the places of the tables, when all of them are ready.
        """
        if run.table not in prepared:
            raise IntegrityError(f"{run.shard} is of table number {run.table}, which no step has prepared.")
        pieces = pieces_of(run, read_chunks(self.backup.store(), run), self.writers)
        total = sum_written(map_ahead(functools.partial(self._write_piece, run.table), pieces, self.writers))
        self.backup.progress.add(ranges=1)
        return run.table, total

    def _write_piece(self, table: int, piece: Piece) -> Written:
        doomed = self.target.write(self._assignment(table), piece.name, piece.records)
        self.backup.progress.add(rows=piece.rows, bytes=len(piece.records))
        return Written(piece.rows, doomed)

    def finish(self, place: int, written: Iterable[Written]) -> RestoredTable:
        """Finish a table whose rows are all there.

        Raises:
            IntegrityError: if other than the manifest's number of rows was written.
        """
        assignment, total = self._assignment(place), sum_written(written)
        expected = self._entry(place).totals.rows
        if total.rows != expected:
            raise IntegrityError(
                f"table {assignment.table.name}: {total.rows} rows were written, the manifest says {expected}."
            )
        notes = self.target.finish(assignment)
        name = assignment.table.name
        return RestoredTable(name, assignment.destination, total.rows, total.doomed_cells, tuple(notes))

    def end(self, tables: Iterable[RestoredTable]) -> Restored:
        """End with the target, when all tables are finished."""
        ending = self.target.end(self._assignments(), self._attachments())
        return Restored(tuple(sorted(tables, key=lambda table: table.destination)), ending)

    def _attachments(self) -> Attachments:
        return Attachments(self.backup.store(), self.backup.manifest().attachments)

    def _assignment(self, place: int) -> Assignment:
        return self._placed()[place]

    def _assignments(self) -> list[Assignment]:
        return list(self._placed().values())

    def _placed(self) -> dict[int, Assignment]:
        return _assign(self.backup, self.destinations)

    def _entry(self, place: int) -> TableEntry:
        return self.backup.manifest().tables[place]

    def _splits(self, place: int) -> Iterator[bytes]:
        entry, store = self._entry(place), self.backup.store()
        size = max(SPLIT_SIZE, entry.totals.bytes // MOST_SPLITS)
        if entry.totals.bytes <= size:
            return iter(())  # a small table shares its index file with others
        names = {part.file.name for part in entry.index}
        files = (file for file in self.backup.manifest().index if file.object.name in names)
        entries = (item for file in files for item in read_index(store, file) if item.table == place)
        chunks = (chunk for item in entries for chunk in item.shard.chunks)
        # A named space has no keys to split at.
        return splits((chunk for chunk in chunks if not chunk.range.space), size)


@functools.lru_cache(maxsize=4)
def _assign(backup: VerifyWork, destinations: Destinations) -> dict[int, Assignment]:
    """The assignments, made once a process for each value that it was sent: a step asks for them with every run."""
    return destinations.of(backup.manifest())


def require_ok(report: Report) -> None:
    """Refuse a backup that is not whole.

    Raises:
        IntegrityError: naming what is wrong with it.
    """
    if not report.ok:
        listed = "\n".join(report.problems[:20]) or "nothing of it could be checked."
        raise IntegrityError(f"the backup is not whole, nothing was written:\n{listed}")


def splits(chunks: Iterable[Chunk], size: int) -> Iterator[bytes]:
    """Keys that cut the chunks, in key order, into parts of at least `size` bytes of records."""
    held = 0
    for chunk in chunks:
        if held >= size and chunk.range.start:
            yield chunk.range.start
            held = 0
        held += chunk.bytes


def sum_written(parts: Iterable[Written]) -> Written:
    """The sum of what was written."""
    written = list(parts)
    return Written(sum(part.rows for part in written), sum(part.doomed_cells for part in written))


def restored_json(restored: Restored) -> dict[str, Any]:
    """What was restored, as a JSON object."""
    return {"tables": [asdict(table) for table in restored.tables], **asdict(restored.ending)}
