"""A backup of a real database, held in memory, and its restore, without any pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import database_of
from transforms.identity import Table
from transforms.postgres.names.selection import Selection
from transforms.postgres.objects.renames import Renames
from transforms.postgres.restore.selection import assign_tables
from transforms.postgres.source import PostgresSource
from transforms.postgres.target import PostgresTarget
from transforms.source import Assignment, Ending, Load, Wanted
from transforms.vault.format.attachments import Attachments, attach
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.object_ref import refer
from transforms.vault.store.interface import put_once
from transforms.vault.store.local import LocalStore

CHUNK = 1 << 20
BACKUP = "20260101T000000Z-abcdef"


@dataclass(frozen=True)
class Backup:
    """Tables with their chunks, and what belongs to the database."""

    tables: Sequence[Table]
    chunks: dict[str, list[bytes]]
    attachments: Attachments

    def forged(self, name: str, data: bytes) -> "Backup":
        """The same with another attachment, to which all digests are true."""
        ref = refer(f"{BACKUP}/forged-{refer('', data).sha256.hex()}-{name}", data)
        put_once(self.attachments.store, ref.name, data)
        return replace(self, attachments=replace(self.attachments, refs={**self.attachments.refs, name: ref}))

    def assignments(self, renames: Renames) -> list[Assignment]:
        return assign_tables(renames, self.tables)[1]


def backup_of(server: PostgresServer, database: str, folder: Path, selection: Selection | None = None) -> Backup:
    """A backup of a database, or of what is selected."""
    source = PostgresSource(database_of(server, database), selection or Selection(), "snapshot")
    with source.opened() as opened:
        tables = opened.tables()
        chunks = {table.name: list(_chunks(opened, table)) for table in tables}
        contents = opened.conclude(tables).attachments
    store = LocalStore(str(folder))
    return Backup(tables, chunks, Attachments(store, attach(store, BackupLayout(BACKUP), contents)))


def _chunks(source: PostgresSource, table: Table) -> list[bytes]:
    [plan] = source.plan([table], Wanted(ranges=2, shard_size=1 << 30))
    with source.reading([table]) as read:
        return [batch.records for each in plan.ranges for batch in read(table, each, CHUNK)]


def target_of(server: PostgresServer, database: str, user: str = "postgres", **options: object) -> PostgresTarget:
    return PostgresTarget(database_of(server, database, user), restore="restore-1", **options)  # type: ignore[arg-type]


def restore(backup: Backup, target: PostgresTarget) -> Ending:
    """Everything that the transform Restore calls, in its order."""
    assignments = target.check(backup.assignments(target.renames), backup.attachments)
    target.begin(assignments, backup.attachments)
    load(backup, target, assignments)
    notes = [note for assignment in assignments for note in target.finish(assignment)]
    ending = target.end(assignments, backup.attachments)
    target.forget()
    return Ending((*notes, *ending.notes), ending.skipped)


def load(backup: Backup, target: PostgresTarget, assignments: Sequence[Assignment]) -> None:
    """Write all chunks."""
    for assignment in assignments:
        target.prepare(assignment, [])
        for place, records in enumerate(backup.chunks[assignment.table.name]):
            target.write([Load(assignment, f"{assignment.table.folder}:{place}", records)])
