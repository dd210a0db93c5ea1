"""Backups of a memory database that are taken in lanes."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, Database, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.tables import keyed
from transforms.backup_work import BackupWork
from transforms.committed_backup import CommittedBackup
from transforms.vault.format.portion import Portion


def one_table(rows: int = 50) -> MemorySource:
    """A database with a table of keys only."""
    return MemorySource(new_database({"t": MemoryTable(keyed(rows))}))


def small_tables(count: int) -> MemorySource:
    """A database with so many tables of one row."""
    return MemorySource(new_database({f"t{number:02d}": MemoryTable({b"k": b"v"}) for number in range(count)}))


def new_work(vault: Path, source: MemorySource, ranges: int, lanes: int, readers: int = 1) -> BackupWork:
    """The work of a backup in lanes, whose intent is written."""
    return replace(by_hand.new_work(str(vault), source, ranges), lanes=lanes, readers=readers)


def database_of(work: BackupWork) -> Database:
    """The database that is backed up."""
    assert isinstance(work.source, MemorySource)
    return DATABASES[work.source.database]


def committed(work: BackupWork) -> CommittedBackup:
    """The backup, when it is committed."""
    return by_hand.committed(work.vault, work.source.identity().folder, work.backup)


def by_lane(work: BackupWork) -> dict[int, list[Portion]]:
    """The portions of each lane."""
    lanes = defaultdict(list)
    for portion in by_hand.portions(work):
        lanes[work.lane(portion)].append(portion)
    return lanes
