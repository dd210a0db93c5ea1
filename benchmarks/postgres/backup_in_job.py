"""Our backup in the job: every step that workers do for the rows, without the engine and the command.

The measurement ends with the index. The archive of the schema and the commit take the same time for any
number of rows: they are made, because a restore needs them, but not counted.

python -m benchmarks.postgres.backup_in_job --database=postgresql://postgres@127.0.0.1:5432/DB --vault=DIR
"""

import argparse
from collections.abc import Sequence

from benchmarks.job_steps import backup_rows
from benchmarks.stopwatch import Stopwatch
from pipelines.command.backup import claim
from transforms.backup_work import BackupWork
from transforms.postgres.names.selection import Selection
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.source import PostgresSource
from transforms.progress import ProgressFile
from transforms.source import Wanted
from transforms.vault.commit import commit
from transforms.vault.vault import open_or_create_vault

_CHUNK_SIZE = 1 << 20
_WANTED = Wanted(16, 1 << 28)


def main(argv: Sequence[str] | None = None) -> None:
    """Back up the database and print the figures of its rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.postgres.backup_in_job", allow_abbrev=False)
    parser.add_argument("--database", required=True, help="URL of the database")
    parser.add_argument("--vault", required=True, help="folder of a new vault")
    options = parser.parse_args(argv)
    database = parse_database(options.database, None, False)
    with PostgresSource(database, Selection.parse("", "", "", []), "snapshot").opened() as source:
        vault = open_or_create_vault(options.vault)
        intent = claim(vault, source, source.tables(), "", {"chunk_size": _CHUNK_SIZE})
        work = BackupWork(vault.location, source, intent.backup, _CHUNK_SIZE, _WANTED, ProgressFile(""))
        with Stopwatch() as stopwatch:
            files = backup_rows(work)
        totals = commit(work.store(), work.backup, work.conclude(files)).totals
    stopwatch.report(totals.rows, totals.bytes)


if __name__ == "__main__":
    main()
