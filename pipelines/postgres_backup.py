"""Back up a PostgreSQL database into a vault.

python -m pipelines.postgres_backup --vault=backups --database=postgresql://backup@10.0.0.5:5432/shop
"""

import sys
from collections.abc import Sequence

import apache_beam as beam

from pipelines.command.arguments import OptionParser, parse
from pipelines.command.engine import refuse_distant_snapshot
from pipelines.command.exit_codes import run_command
from pipelines.command.postgres_options import add_database, database_of, lanes_and_threads, readers_of
from pipelines.command.take_backup import BackupConfig, take_backup
from transforms.back_up import BackUp
from transforms.backup_work import BackupWork
from transforms.postgres.selection import Selection
from transforms.postgres.source import PostgresSource
from transforms.source import Wanted


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser("postgres-backup", "Back up a PostgreSQL database into a vault.")
    parser.add_text("--vault", "folder of the vault; made if it is not there", required=True)
    add_database(parser, "to read")
    parser.add_text("--schema", "schemas whose tables are read, SQL identifiers or globs: S[,S..]; by default all")
    parser.add_text("--table", "tables to read, SQL identifiers or globs: S.T[,S.T..]; by default all")
    parser.add_text("--exclude_table", "tables not to read: S.T[,S.T..]")
    parser.add_text("--where", "rows to read of a table: S.T:predicate; a further table on a line of its own")
    parser.add_choice(
        "--consistency",
        "what the copy is of: one moment; a database that stands still; no one moment",
        choices=("snapshot", "frozen-source", "fuzzy"),
        default="snapshot",
    )
    parser.add_choice(
        "--order", "the order in which tables are read", choices=("auto", "key", "physical"), default="auto"
    )
    parser.add_count("--readers", "ranges that are read at once; by default as many as this machine has processors")
    parser.add_count("--max_connections", "connections to the database that the whole job has at most")
    parser.add_size("--chunk_size", "bytes of records in a chunk", default="1MiB")
    parser.add_size("--shard_size", "bytes on disk in the source that a shard holds at most, about", default="256MiB")
    parser.add_count("--ranges", "ranges that each table is cut into; by default as many as its size asks for")
    parser.add_text("--name", "your name for the backup")
    parser.add_flag("--plan_only", "show what would be done, and write nothing")
    parser.add_flag("--json", "print the backup as JSON")
    return parser


def configure(argv: Sequence[str]) -> BackupConfig:
    """The checked configuration that the arguments ask for."""
    values, beam_args = parse(options(), argv)
    if values.consistency == "snapshot":
        refuse_distant_snapshot(beam_args)
    selection = Selection.parse(
        values.schema or "", values.table or "", values.exclude_table or "", (values.where or "").splitlines()
    )
    readers = readers_of(values.readers, values.max_connections)
    lanes, threads = lanes_and_threads(readers, beam_args)
    return BackupConfig(
        vault=values.vault,
        source=PostgresSource(
            database_of(values), selection, values.consistency, values.order, keep_sessions=lanes == 1
        ),
        chunk_size=values.chunk_size,
        wanted=Wanted(values.ranges, values.shard_size),
        label=values.name or "",
        plan_only=values.plan_only,
        json=values.json,
        beam_args=tuple(beam_args),
        lanes=lanes,
        readers=threads,
    )


def build(pipeline: beam.Pipeline, work: BackupWork) -> None:
    """Put the backup into a pipeline."""
    pipeline | "Back up" >> BackUp(work)


def run(argv: Sequence[str]) -> int:
    """Take the backup that the arguments ask for."""
    return take_backup(configure(argv), build)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
