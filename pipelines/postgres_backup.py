"""Back up a PostgreSQL database into a vault.

python -m pipelines.postgres_backup --vault=backups --database=postgresql://backup@10.0.0.5:5432/shop
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.postgres import add_database, database_of
from pipelines.command.options.postgres_reading import (
    add_reading,
    add_selection,
    lanes_and_threads,
    readers_of,
    selection_of,
)
from pipelines.command.options.vault import add_output, add_sizes, add_written_vault

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.command.backup import BackupConfig
    from transforms.backup_work import BackupWork


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser(
        "postgres-backup",
        "Back up a PostgreSQL database into a vault.",
        examples=(
            "--vault=backups --database=postgresql://backup@10.0.0.5:5432/shop",
            "--vault=backups --database=postgresql://backup@10.0.0.5/shop \\\n"
            "      --table='public.orders,sales.*' --name=nightly",
        ),
    )
    parser.group("Source")
    add_database(parser, "to read")
    add_selection(parser)
    add_reading(parser)
    add_written_vault(parser)
    add_sizes(parser)
    add_output(parser, "the backup", plan=True)
    return parser


def configure(argv: Sequence[str]) -> BackupConfig:
    """Parse and check the arguments; returns the configuration."""
    values, engine = parse_job(options(), argv)
    from pipelines.command.backup import BackupConfig
    from pipelines.command.job.engine import refuse_distant_snapshot
    from transforms.postgres.source import PostgresSource
    from transforms.source import Wanted

    if values.consistency == "snapshot":
        refuse_distant_snapshot(engine)
    readers = readers_of(values.readers, values.max_connections, engine.is_here)
    lanes, threads = lanes_and_threads(readers, engine.is_alone)
    source = PostgresSource(
        database_of(values), selection_of(values), values.consistency, values.order, keep_sessions=engine.is_alone
    )
    return BackupConfig(
        vault=values.vault,
        source=source,
        chunk_size=values.chunk_size,
        wanted=Wanted(values.ranges, values.shard_size),
        name=values.name or "",
        plan_only=values.plan_only,
        json=values.json,
        engine=engine,
        lanes=lanes,
        readers=threads,
    )


def build(pipeline: beam.Pipeline, work: BackupWork) -> None:
    """Put the backup into a pipeline."""
    from transforms.backup import Backup

    pipeline | "Back up" >> Backup(work)


def run(argv: Sequence[str]) -> int:
    """Take the backup; returns the exit code."""
    config = configure(argv)
    from pipelines.command.backup import run_backup

    return run_backup(config, build)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
