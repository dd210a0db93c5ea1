"""The steps of a restore, as plain functions over one frozen value."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TypeAlias

from transforms.assignments import Assignments
from transforms.committed_backup import CommittedBackup
from transforms.errors import IntegrityError
from transforms.map_ahead import map_ahead
from transforms.other_tables import look_at, verify_command
from transforms.piece import Piece, piece_groups, pieces_of
from transforms.progress import Item, ProgressFile
from transforms.report import Report
from transforms.restored import Restored, RestoredTable, Written, WrittenTables, sum_written
from transforms.source import Assignment, Load, Target
from transforms.splits import splits_of
from transforms.vault.chunk_run import ChunkRun, read_chunks, run_groups, runs_of
from transforms.vault.format.index import IndexEntry, IndexFile, read_index
from transforms.vault.format.manifest import Manifest, TableEntry
from transforms.vault.inventory import damaged_tables
from transforms.verify_work import VerifyWork

TABLES_AT_ONCE = 64
"""Most tables of a group: handling each small table alone would cost more than the work on it."""

CALLS = 16
"""Most tables of a group that are prepared or finished at once: a server may take seconds for one."""

_NAMED = 20
"""Most problems, and most tables, that an error names."""

Places: TypeAlias = tuple[int, ...]
"""The places in the manifest of the tables of a group."""


@dataclass(frozen=True, slots=True)
class RestoreWork:
    """What every worker of a restore gets.

    Attributes:
        committed: The backup.
        target: The target to write to.
        assignments: Where the restored tables go.
        progress: Progress file.
        writers: Pieces of a run that are written at once: a server's answer takes longer than our work on a piece.
    """

    committed: CommittedBackup
    target: Target
    assignments: Assignments
    progress: ProgressFile
    writers: int = 4

    def checked(self) -> VerifyWork:
        """How the backup is checked: its documents and the restored tables, but no other tables."""
        return VerifyWork(self.committed, self.progress, select=self.assignments.of)

    def begin(self, _: None, report: Report) -> None:
        """Begin with the target, after the check has found the backup whole.

        Raises:
            IntegrityError: with all that is wrong with the backup.
        """
        require_ok(report, self.committed.manifest())
        self.target.begin(self._assignments(), self.committed.attachments())

    def places(self, _: None) -> Iterator[Places]:
        """The places of the restored tables in the manifest, in groups of neighbours."""
        return (tuple(places) for _, places in groupby(sorted(self._assigned()), table_group))

    def prepare(self, places: Places) -> Places:
        """Make tables ready to be written."""
        for _ in map_ahead(self._prepare, places, CALLS):
            pass
        return places

    def _prepare(self, place: int) -> None:
        assignment = self._assignment(place)
        self.target.prepare(
            assignment, splits_of(self.committed.store(), self.committed.manifest(), place) if assignment.create else ()
        )

    def index_files(self, _: None) -> Iterator[IndexFile]:
        """The index files with entries of the restored tables."""
        assigned = self._assigned()
        return (file for file in self.committed.manifest().index if any(part.place in assigned for part in file.parts))

    def runs(self, file: IndexFile) -> list[tuple[ChunkRun, ...]]:
        """The runs of chunks of the restored tables in an index file, in groups that never mix two groups of tables."""
        assigned = self._assigned()
        entries = (entry for entry in read_index(self.committed.store(), file) if entry.place in assigned)
        parts = groupby(entries, lambda entry: table_group(entry.place))
        return [group for _, part in parts for group in run_groups(_runs_of(part))]

    def write(self, runs: tuple[ChunkRun, ...], prepared: Iterable[Places]) -> tuple[int, WrittenTables]:
        """Write the rows of neighbouring runs, piece by piece; each chunk's digest is checked before it is written.

        Args:
            runs: The runs, of tables of one group.
            prepared: The places of the tables that are ready; they make this step wait for all of them.

        Returns:
            The group, and what was written.
        """
        _require_prepared(runs, prepared)
        store = self.committed.store()
        pieces = (piece for run in runs for piece in pieces_of(run, read_chunks(store, run), self.writers))
        groups = piece_groups(runs, pieces, self.writers)
        item = self.progress.item(f"run {runs[0].shard} {runs[0].chunks[0].offset}")
        total = sum_written(map_ahead(functools.partial(self._write_pieces, item), groups, self.writers))
        item.done(items=len(runs))
        return table_group(runs[0].place), total

    def _write_pieces(self, item: Item, pieces: Sequence[Piece]) -> WrittenTables:
        loads = [Load(self._assignment(piece.place), piece.name, piece.records) for piece in pieces]
        expired = self.target.write(loads)
        item.add(rows=sum(piece.rows for piece in pieces), bytes=sum(len(piece.records) for piece in pieces))
        return sum_written(
            {piece.place: Written(piece.rows, count)} for piece, count in zip(pieces, expired, strict=True)
        )

    def finish(self, places: Places, written: Iterable[WrittenTables]) -> list[RestoredTable]:
        """Finish tables after all their rows are written.

        Raises:
            IntegrityError: if the number of written rows is not the manifest's.
        """
        total = sum_written(written)
        return list(map_ahead(lambda place: self._finish(place, total.get(place, Written())), places, CALLS))

    def _finish(self, place: int, total: Written) -> RestoredTable:
        assignment, expected = self._assignment(place), self._entry(place).totals.rows
        name = assignment.table.name
        if total.rows != expected:
            raise IntegrityError(f"table {name}: {total.rows} rows were written, the manifest says {expected}.")
        notes = self.target.finish(assignment)
        return RestoredTable(name, assignment.destination, total.rows, total.expired, tuple(notes))

    def end(self, tables: Iterable[Sequence[RestoredTable]]) -> Restored:
        """End with the target, after all tables are finished."""
        ending = self.target.end(self._assignments(), self.committed.attachments())
        every = chain.from_iterable(tables)
        return Restored(tuple(sorted(every, key=lambda table: table.destination)), ending)

    def look_at_others(self, restored: Restored) -> Restored:
        """Add what a listing shows about the tables that were not chosen; it does not change the outcome."""
        committed, manifest, assigned = self.committed, self.committed.manifest(), self._assigned()
        others = [place for place in range(len(manifest.tables)) if place not in assigned]
        verify = verify_command(committed.vault, committed.folder, committed.id)
        return replace(restored, others=look_at(committed.store(), manifest, others, verify))

    def _assignment(self, place: int) -> Assignment:
        return self._assigned()[place]

    def _assignments(self) -> list[Assignment]:
        return list(self._assigned().values())

    def _assigned(self) -> dict[int, Assignment]:
        return _assign(self.committed, self.assignments)

    def _entry(self, place: int) -> TableEntry:
        return self.committed.manifest().tables[place]


@functools.lru_cache(maxsize=4)
def _assign(committed: CommittedBackup, assignments: Assignments) -> dict[int, Assignment]:
    """The assignments, derived once per process and value: a step asks for them with every run."""
    return assignments.of(committed.manifest())


def _runs_of(entries: Iterable[IndexEntry]) -> Iterator[ChunkRun]:
    return (run for entry in entries for run in runs_of(entry.place, entry.shard))


def table_group(place: int) -> int:
    """The number of a table's group: the tables of a group are handled together."""
    return place // TABLES_AT_ONCE


def _require_prepared(runs: Iterable[ChunkRun], prepared: Iterable[Places]) -> None:
    ready = frozenset(chain.from_iterable(prepared))
    for run in runs:
        if run.place not in ready:
            raise IntegrityError(f"{run.shard} is of table number {run.place}, which no step has prepared.")


def require_ok(report: Report, manifest: Manifest) -> None:
    """Refuse to restore a backup that is not whole.

    Raises:
        IntegrityError: with what is wrong, and how to restore the rest.
    """
    if report.ok:
        return
    problems = list(report.problems[:_NAMED]) or ["nothing of it could be checked."]
    rest = len(report.problems) + report.unnamed - _NAMED
    problems += [f"and {rest:,} further problems; `shardkeep verify` names all."] if rest > 0 else []
    if tables := damaged_tables(manifest, frozenset(report.objects)):
        more = f" and {len(tables) - _NAMED:,} more" if len(tables) > _NAMED else ""
        problems.append(
            f"Damaged tables: {', '.join(tables[:_NAMED])}{more}. Leave them out with --exclude_table, or name others "
            "with --table."
        )
    raise IntegrityError("\n".join(["the backup is not whole, nothing was written:", *problems]))
