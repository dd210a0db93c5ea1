"""Back up a PostgreSQL database into a vault.

python -m pipelines.postgres_backup --vault=backups --database=postgresql://backup@10.0.0.5:5432/shop
"""

import sys
from collections.abc import Sequence

import apache_beam as beam

from pipelines.command.arguments import OptionParser, parse
from pipelines.command.engine import is_here, refuse_distant_snapshot
from pipelines.command.exit_codes import run_command
from pipelines.command.postgres_options import add_database, database_of, lanes_and_threads, readers_of
from pipelines.command.take_backup import BackupConfig, take_backup
from pipelines.command.vault_options import add_output, add_sizes, add_written_vault
from transforms.back_up import BackUp
from transforms.backup_work import BackupWork
from transforms.postgres.selection import Selection
from transforms.postgres.source import PostgresSource
from transforms.source import Wanted

_CONSISTENCY = {
    "snapshot": "One moment",
    "frozen-source": "A database that stands still: a paused replica, or a clone",
    "fuzzy": "No one moment",
}
_ORDER = {"auto": "As each table suits", "key": "By key", "physical": "As the rows lie"}


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser("postgres-backup", "Back up a PostgreSQL database into a vault.")
    parser.group("Source")
    add_database(parser, "to read")
    _add_selection(parser)
    _add_reading(parser)
    add_written_vault(parser)
    add_sizes(parser)
    add_output(parser, "the backup", plan=True)
    return parser


def _add_selection(parser: OptionParser) -> None:
    parser.group("Selection")
    parser.add_text(
        "--schema",
        "schemas whose tables are read, SQL identifiers or globs: S[,S..]; by default all",
        label="Schemas",
        example="public,sales_*",
    )
    parser.add_text(
        "--table",
        "tables to read, SQL identifiers or globs: S.T[,S.T..]; by default all",
        label="Tables",
        example="public.orders,sales.*",
    )
    parser.add_text(
        "--exclude_table", "tables not to read: S.T[,S.T..]", label="Tables to leave out", example="public.sessions"
    )
    parser.add_text(
        "--where",
        "rows to read of a table: S.T:predicate; a further table on a line of its own",
        label="Rows",
        example="public.orders:created >= '2026-01-01'",
    )


def _add_reading(parser: OptionParser) -> None:
    parser.group("Reading")
    parser.add_choice(
        "--consistency",
        "what the copy is of: one moment; a database that stands still; no one moment",
        choices=_CONSISTENCY,
        default="snapshot",
        distant_default="frozen-source",
        local_choices=("snapshot",),
    )
    parser.add_choice("--order", "the order in which tables are read", choices=_ORDER, default="auto")
    parser.add_count(
        "--readers",
        "ranges that are read at once; by default as many as this machine has processors, 2 to 8, and 8 on engines"
        " elsewhere",
        example="8",
    )
    parser.add_count("--max_connections", "connections to the database that the whole job has at most", example="8")


def configure(argv: Sequence[str]) -> BackupConfig:
    """The checked configuration that the arguments ask for."""
    values, beam_args = parse(options(), argv)
    here = is_here(beam_args)
    consistency = values.consistency or ("snapshot" if here else "frozen-source")
    if consistency == "snapshot":
        refuse_distant_snapshot(beam_args)
    selection = Selection.parse(
        values.schema or "", values.table or "", values.exclude_table or "", (values.where or "").splitlines()
    )
    readers = readers_of(values.readers, values.max_connections, here)
    lanes, threads = lanes_and_threads(readers, beam_args)
    return BackupConfig(
        vault=values.vault,
        source=PostgresSource(
            database_of(values, here), selection, consistency, values.order, keep_sessions=lanes == 1
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
