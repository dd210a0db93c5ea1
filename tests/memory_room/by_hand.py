"""The phases of a backup, a verification and a restore, called one after the other without an engine.

`times` calls each phase so often for each element, as engines may; what the last call returned goes on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from pipelines.command.backup import claim
from tests.memory_room.attachments import check_attachment
from tests.memory_room.records import inspect
from tests.memory_room.source import MemorySource
from tests.memory_room.target import MemoryTarget
from transforms.assignments import Assign, Assignments
from transforms.backup_work import BackupWork, index_group
from transforms.committed_backup import CommittedBackup
from transforms.progress import ProgressFile
from transforms.report import Report, merge
from transforms.restore_work import Places, RestoreWork, table_group
from transforms.restored import RestoredTable, WrittenTables
from transforms.shard_check import sum_shards
from transforms.source import Assignment, Wanted
from transforms.vault.format.index import IndexFile
from transforms.vault.format.manifest import Manifest
from transforms.vault.format.portion import Portion
from transforms.vault.format.receipt import ReceiptSummary
from transforms.vault.vault import open_or_create_vault, open_vault
from transforms.verify_work import VerifyWork

A = TypeVar("A")
B = TypeVar("B")

CHUNK_SIZE = 100
NO_PROGRESS = ProgressFile("")


def new_work(vault: str, source: MemorySource, ranges: int | None = 3, chunk_size: int = CHUNK_SIZE) -> BackupWork:
    """The work of a backup of all tables, whose intent is written."""
    opened = open_or_create_vault(vault)
    intent = claim(opened, source, source.tables(), "by hand", {"chunk_size": chunk_size})
    return BackupWork(opened.location, source, intent.backup, chunk_size, Wanted(ranges, 1 << 20), NO_PROGRESS)


def portions(work: BackupWork, times: int = 1) -> list[Portion]:
    """All portions of a backup."""
    return [portion for plan in many(times, work.plans, None) for portion in many(times, work.plan, plan)]


def index_files(work: BackupWork, receipts: Iterable[ReceiptSummary], times: int = 1) -> list[IndexFile]:
    """The index files of receipts."""
    groups: dict[tuple[int, int], list[ReceiptSummary]] = defaultdict(list)
    for receipt in receipts:
        groups[index_group(receipt)].append(receipt)
    return [one(times, work.write_index, group) for group in groups.items()]


def backup(work: BackupWork, times: int = 1) -> str:
    """Take a backup; returns the manifest's name."""
    receipts = [one(times, work.backup_portion, portion) for portion in portions(work, times)]
    return one(times, work.commit, one(times, work.conclude, index_files(work, receipts, times)))


def committed(vault: str, folder: str, backup: str) -> CommittedBackup:
    """A backup that was committed."""
    return CommittedBackup(open_vault(vault).location, folder, backup)


def verify_work(backup: CommittedBackup) -> VerifyWork:
    """How a memory backup is verified."""
    return VerifyWork(backup, NO_PROGRESS, inspect, check_attachment)


def verify(backup: CommittedBackup, level: str) -> Report:
    """Verify a memory backup at L1, L2 or L3."""
    return check(verify_work(backup), level)


def check(work: VerifyWork, level: str) -> Report:
    """Verify at L1, L2 or L3."""
    parts = [part for file in work.index_files(None) for part in work.read_index(file)]
    reports = [part for part in parts if isinstance(part, Report)]
    shards = [part for part in parts if not isinstance(part, Report)]
    objects = [*work.documents(None), *map(work.receipts if level == "L3" else work.objects, shards)]
    reports += map(work.check_objects, objects)
    if level != "L1":
        reports += map(work.check_bytes, objects)
    if level == "L3":
        checked = [shard for group in shards for shard in work.check_shards(group)]
        sums = [
            sum_shards(each for each in checked if each.place == place) for place in {each.place for each in checked}
        ]
        reports += [shard.report for shard in checked] + work.check_tables(sums)
    return merge(reports)


def all_tables(manifest: Manifest) -> dict[int, Assignment]:
    """Every table under its own name."""
    return {place: Assignment(entry.table, entry.table.name) for place, entry in enumerate(manifest.tables)}


def restore_work(backup: CommittedBackup, target: MemoryTarget, assign: Assign = all_tables) -> RestoreWork:
    """The work of a restore, judged by the target."""
    manifest = backup.manifest()
    chosen = assign(manifest)
    judged = target.check(list(chosen.values()), backup.attachments())
    assigned = dict(zip(chosen, judged, strict=True))
    return RestoreWork(backup, target, Assignments.judged(assign, assigned), NO_PROGRESS)


def restore(work: RestoreWork, times: int = 1) -> list[RestoredTable]:
    """Restore all tables."""
    report = check(work.checked(), "L1")
    one(times, lambda _: work.begin(None, report), None)
    prepared = [one(times, work.prepare, place) for place in work.places(None)]
    runs = [group for file in work.index_files(None) for group in many(times, work.runs, file)]
    written = [one(times, lambda group: work.write(group, prepared), group) for group in runs]
    finished = [one(times, lambda places: work.finish(places, _of(places, written)), places) for places in prepared]
    return list(one(times, work.end, finished).tables)


def _of(places: Places, written: Iterable[tuple[int, WrittenTables]]) -> list[WrittenTables]:
    return [part for group, part in written if group == table_group(places[0])]


def one(times: int, phase: Callable[[A], B], element: A) -> B:
    """What the last of several calls returns."""
    return [phase(element) for _ in range(times)][-1]


def many(times: int, phase: Callable[[A], Iterable[B]], element: A) -> list[B]:
    """The elements that the last of several calls returns."""
    return [list(phase(element)) for _ in range(times)][-1]
