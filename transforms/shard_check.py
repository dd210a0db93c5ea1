"""Level L3 of a shard, in one read: the object is as it was written, and all its chunks decode to their rows."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from transforms.errors import IntegrityError, NotFoundError
from transforms.identity import Table
from transforms.progress import Item
from transforms.read_ahead import read_ahead
from transforms.report import Report
from transforms.source import Inspect
from transforms.vault.format.index import IndexEntry
from transforms.vault.format.object_check import check_object
from transforms.vault.format.object_ref import Tally
from transforms.vault.format.shard import Chunk
from transforms.vault.format.totals import Totals, sum_of
from transforms.vault.shard_pieces import PIECE, ShardPiece, read_pieces
from transforms.vault.store.interface import Store

CHECKS = 3
"""How many checks a shard counts as in a report: one of each level."""

OTHER_BYTES = "does not have the SHA-256 that it was written with."


@dataclass(frozen=True, slots=True)
class CheckedShard:
    """What shards of one table hold, and what is wrong with them.

    Attributes:
        place: The table's place in the manifest.
        totals: What their chunks hold.
        damaged: Whether a chunk is missing or not as it was written, so that `totals` are incomplete.
        report: The report on their objects and chunks.
    """

    place: int
    totals: Totals
    damaged: bool = False
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, slots=True)
class ShardCheck:
    """How a shard is checked: its store, the room's reader of records, its table, and its progress item."""

    store: Store
    inspect: Inspect
    table: Table
    item: Item

    def check(self, entry: IndexEntry) -> CheckedShard:
        """Read a shard once: its size, CRC32C and SHA-256, and the rows, digests and keys of every chunk."""
        ref, tally, totals, problems = entry.shard.object, Tally(), Totals(), list[str]()
        pieces = read_pieces(self.store, entry, tally)
        try:
            with closing(read_ahead(pieces) if ref.size > PIECE else pieces) as reading:
                for piece in reading:
                    totals += self._check_piece(piece, problems)
            digest = [] if tally.ref(ref.name).sha256 == ref.sha256 else [f"{ref.name} {OTHER_BYTES}"]
        except (IntegrityError, NotFoundError) as error:
            digest = [str(error)]
        self.item.done()
        # The store is asked only if the bytes are wrong, since it may have to read the object for its checksum.
        known = None if tally.ref(ref.name) == ref else check_object(self.store, ref)
        wrong = (*([known] if known else []), *digest, *problems)
        report = Report(CHECKS, wrong, objects=(ref.name,) if wrong else ())
        return CheckedShard(entry.place, totals, bool(problems) or tally.size < ref.size, report)

    def _check_piece(self, piece: ShardPiece, problems: list[str]) -> Totals:
        """The totals of a piece's chunks, up to the first that is not as it was written, which becomes a problem."""
        self.item.add(bytes=len(piece.data))
        totals = Totals()
        try:
            for chunk, records in piece.chunks():
                totals += self._check_chunk(piece, chunk, records)
                self.item.add(rows=chunk.rows, bytes=chunk.bytes)
        except IntegrityError as error:
            problems.append(str(error))
        return totals

    def _check_chunk(self, piece: ShardPiece, chunk: Chunk, records: bytes) -> Totals:
        where = f"{piece.name}: the chunk {chunk.range} at offset {chunk.offset}"
        try:
            batch = self.inspect(records, self.table, chunk.range)
        except IntegrityError as error:
            raise IntegrityError(f"{where}: {error}") from error
        actual = Totals(batch.rows, len(batch.record_ends), len(records), chunk.length, batch.hash_sum())
        if actual != Totals(chunk.rows, chunk.records, chunk.bytes, chunk.length, chunk.hash_sum):
            raise IntegrityError(f"{where} has {batch.rows} rows in {len(records)} bytes, not what the index says.")
        return actual


def sum_shards(shards: Iterable[CheckedShard]) -> CheckedShard:
    """The sum of the shards of one table, without their reports, which are merged elsewhere."""
    checked = list(shards)
    return CheckedShard(
        checked[0].place, sum_of(each.totals for each in checked), any(each.damaged for each in checked)
    )
