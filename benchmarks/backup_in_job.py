"""Our backup in the job: every step that workers do, from plan to commit, without the engine and the command.

python -m benchmarks.backup_in_job --server=localhost:PORT --rows=1000000 --vault=DIR
"""

import os
from collections.abc import Sequence

from benchmarks.job_steps import backup_rows
from benchmarks.stopwatch import Stopwatch, reader_parser
from pipelines.command.backup import claim
from transforms.backup_work import BackupWork
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.source import BigtableSource
from transforms.progress import ProgressFile
from transforms.source import Wanted
from transforms.vault.commit import commit
from transforms.vault.format.totals import Totals
from transforms.vault.vault import open_or_create_vault

_CHUNK_SIZE = 1 << 20
_RANGES = 16


def backup(work: BackupWork) -> Totals:
    """Back up and commit; returns the totals of the manifest."""
    return commit(work.store(), work.backup, work.conclude(backup_rows(work))).totals


def main(argv: Sequence[str] | None = None) -> None:
    """Back up the table and print what it took."""
    parser = reader_parser("backup_in_job")
    parser.add_argument("--vault", required=True, help="folder of a new vault")
    options = parser.parse_args(argv)
    os.environ["BIGTABLE_EMULATOR_HOST"] = options.server
    _, project, _, instance, _, table = options.table.split("/")
    source = BigtableSource(Instance(project, instance), (table,))
    wanted = Wanted(_RANGES, 1 << 28)
    vault = open_or_create_vault(options.vault)
    intent = claim(vault, source, source.tables(), "", {"chunk_size": _CHUNK_SIZE, "ranges": _RANGES})
    work = BackupWork(vault.location, source, intent.backup, _CHUNK_SIZE, wanted, ProgressFile(""))
    with Stopwatch() as stopwatch:
        totals = backup(work)
    stopwatch.report(totals.rows, totals.bytes)


if __name__ == "__main__":
    main()
