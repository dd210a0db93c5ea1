"""The checks of a committed backup, as plain functions over one frozen value."""

import functools
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from transforms.batch import Batch
from transforms.committed_backup import CommittedBackup
from transforms.errors import IntegrityError, NotFoundError, UsageError
from transforms.groups import groups_of
from transforms.identity import Table
from transforms.key_range import KeyRange
from transforms.map_ahead import map_ahead
from transforms.progress import Amount, Item, ProgressFile
from transforms.report import Report, found, report_of
from transforms.shard_check import OTHER_BYTES, CheckedShard, ShardCheck
from transforms.source import CheckAttachment, Inspect
from transforms.vault.format.attachments import Attachments
from transforms.vault.format.index import IndexEntry, IndexFile
from transforms.vault.format.manifest import Manifest
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.format.totals import Totals
from transforms.vault.inventory import check_objects, documents, entries_or_problem, objects_of
from transforms.vault.store.interface import Store

_PIECE = 8 << 20
_RECEIPTS = "/receipts/"

READS = 8
"""Most objects of a group that are read at once: the store may be far away."""

GROUP_SIZE, GROUP_LENGTH = 64 << 20, 64
"""Most bytes, and most objects, that are checked together: each alone may be small."""

Entries = tuple[IndexEntry, ...]
"""Neighbouring entries of the index, of any tables."""

Objects = tuple[ObjectRef, ...]
"""Objects that are checked together."""

Select = Callable[[Manifest], Collection[int]]
"""Gives the places in a manifest of the selected tables; pure, and pickled to workers."""


def every_table(manifest: Manifest) -> Collection[int]:
    """The places of all tables."""
    return range(len(manifest.tables))


def inspect_nothing(records: bytes, table: Table, key_range: KeyRange) -> Batch:
    """See `Inspect`: for a verification below L3, which reads no records."""
    raise UsageError("level L3 needs the reader of records of the backup's database.")


def let_pass(name: str, data: bytes) -> None:
    """See `CheckAttachment`: for a room that has none."""


@dataclass(frozen=True, slots=True)
class VerifyWork:
    """What every worker of a verification gets.

    Attributes:
        committed: The backup.
        progress: Progress file.
        inspect: The room's reader of records, for L3.
        check_attachment: The room's reader of attachments.
        select: The tables whose index files, shards and receipts are checked.
    """

    committed: CommittedBackup
    progress: ProgressFile
    inspect: Inspect = inspect_nothing
    check_attachment: CheckAttachment = let_pass
    select: Select = every_table

    def whole(self, level: str) -> Amount:
        """The amount of work of a level: the objects to check or, from L2 on, the bytes to read.

        The bytes are a little too few: the manifest does not have the sizes of receipts and headers.
        """
        manifest = self.committed.manifest()
        named = documents(manifest)
        if level == "L1":
            return Amount(items=len(named) + manifest.shards)
        stored = sum(ref.size for ref in named) + manifest.totals.stored_bytes
        return Amount(bytes=stored + (manifest.totals.bytes if level == "L3" else 0))

    def documents(self, _: None) -> Iterator[Objects]:
        """The objects that the manifest names, but for the index files."""
        return groups_of(documents(self.committed.manifest()), lambda ref: ref.size, GROUP_SIZE, GROUP_LENGTH)

    def index_files(self, _: None) -> Iterator[IndexFile]:
        """The index files with entries of the selected tables."""
        places = _select(self)
        return (file for file in self.committed.manifest().index if any(part.place in places for part in file.parts))

    def read_index(self, file: IndexFile) -> Iterator[Entries | Report]:
        """The report on an index file, and its entries."""
        entries, problem = entries_or_problem(self.committed.store(), file)
        places = _select(self)
        chosen = (entry for entry in entries if entry.place in places)
        yield found(problem, file.object.name)
        yield from groups_of(chosen, lambda entry: entry.shard.object.size, GROUP_SIZE, GROUP_LENGTH)

    def objects(self, entries: Entries) -> Objects:
        """The shards and their receipts."""
        return tuple(objects_of(entries))

    def receipts(self, entries: Entries) -> Objects:
        """The receipts alone: at L3 each shard is read once, for all levels."""
        return tuple(dict.fromkeys(entry.receipt for entry in entries))

    def check_objects(self, refs: Objects) -> Report:
        """L1: objects are there, with their sizes and checksums."""
        report = report_of(len(refs), check_objects(self.committed.store(), refs))
        self.progress.item(f"objects {refs[0].name}").done(items=_items(refs))
        return report

    def check_bytes(self, refs: Objects) -> Report:
        """L2: all bytes of objects have their SHA-256, and an attachment is one that its room can read."""
        item = self.progress.item(f"bytes {refs[0].name}")
        problems = zip(refs, map_ahead(functools.partial(self._check_bytes, item), refs, READS), strict=True)
        report = report_of(len(refs), ((ref.name, problem) for ref, problem in problems if problem))
        item.done(items=_items(refs))
        return report

    def _check_bytes(self, item: Item, ref: ObjectRef) -> str | None:
        problem = _check_bytes(self.committed.store(), item, ref)
        attachments = self.committed.attachments()
        for name in (name for name, other in attachments.refs.items() if other == ref and problem is None):
            problem = self._check_attachment(attachments, name)
        return problem

    def _check_attachment(self, attachments: Attachments, name: str) -> str | None:
        try:
            self.check_attachment(name, attachments.read(name))
        except (IntegrityError, NotFoundError) as error:
            return f"{attachments.refs[name].name}: {error}"
        return None

    def check_shards(self, entries: Entries) -> list[CheckedShard]:
        """L3 and all levels before it, of the shards of a group."""
        return list(map_ahead(self.check_shard, entries, READS))

    def check_shard(self, entry: IndexEntry) -> CheckedShard:
        """L3 and all levels before it: a shard is as it was written, and every chunk has its rows, digests and keys."""
        table = self.committed.manifest().tables[entry.place].table
        item = self.progress.item(f"shard {entry.shard.object.name}")
        return ShardCheck(self.committed.store(), self.inspect, table, item).check(entry)

    def check_tables(self, shards: Iterable[CheckedShard]) -> list[Report]:
        """L3: the sums of all tables without a damaged chunk are those of the manifest."""
        sums = {place: Totals() for place in sorted(_select(self))}
        damaged = set()
        for shard in shards:
            sums[shard.place] += shard.totals
            damaged |= {shard.place} if shard.damaged else set()
        return [self._check_table(place, total) for place, total in sums.items() if place not in damaged]

    def _check_table(self, place: int, actual: Totals) -> Report:
        entry = self.committed.manifest().tables[place]
        if actual == entry.totals:
            return found(None)
        return found(
            f"table {entry.table.name}: its chunks hold {actual.rows} rows with digest {actual.digest}"
            f", the manifest says {entry.totals.rows} and {entry.totals.digest}."
        )


def _items(refs: Objects) -> int:
    """How many objects they count as: receipts do not count, since their number is not known beforehand."""
    return sum(_RECEIPTS not in ref.name for ref in refs)


def _check_bytes(store: Store, item: Item, ref: ObjectRef) -> str | None:
    digest = hashlib.sha256()
    try:
        for start in range(0, ref.size + 1, _PIECE):  # one byte more: the object may have become longer
            digest.update(piece := store.read(ref.name, start, _PIECE))
            item.add(bytes=len(piece))
            if len(piece) < _PIECE:  # or shorter
                break
    except NotFoundError:
        return f"{ref.name} is missing."
    except IntegrityError as error:
        return f"{ref.name} cannot be read: {error}"
    return None if digest.digest() == ref.sha256 else f"{ref.name} {OTHER_BYTES}"


@functools.lru_cache(maxsize=4)
def _select(work: VerifyWork) -> frozenset[int]:
    """The places of the selected tables, found once per process."""
    return frozenset(work.select(work.committed.manifest()))
