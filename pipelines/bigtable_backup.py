"""Back up tables of a Cloud Bigtable instance into a vault.

python -m pipelines.bigtable_backup --vault=backups --bigtable_project=my-project --instance=my-instance --table='*'
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.bigtable import ALIASES, TABLES, add_instance, instance_of
from pipelines.command.options.vault import add_output, add_sizes, add_written_vault

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.command.backup import BackupConfig
    from transforms.backup_work import BackupWork


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser(
        "bigtable-backup",
        "Back up tables of a Bigtable instance into a vault.",
        examples=(
            "--vault=backups --bigtable_project=my-project \\\n      --instance=my-instance --table='*'",
            "--vault=gs://my-bucket/backups --bigtable_project=my-project \\\n"
            "      --instance=my-instance --table=orders,events-* --name=nightly",
        ),
    )
    parser.group("Source")
    add_instance(parser, "to read")
    parser.add_list(
        "--table",
        "ids or globs of the tables; '*' is every table",
        required=True,
        label="Tables",
        example="orders,events-*",
        pattern=TABLES,
    )
    add_written_vault(parser)
    add_sizes(parser)
    add_output(parser, "the backup", plan=True)
    return parser


def configure(argv: Sequence[str]) -> BackupConfig:
    """Parse and check the arguments; returns the configuration."""
    values, engine = parse_job(options(), argv, ALIASES)
    from pipelines.command.backup import BackupConfig
    from transforms.bigtable.source import BigtableSource
    from transforms.source import Wanted

    return BackupConfig(
        vault=values.vault,
        source=BigtableSource(instance_of(values, engine.project), values.table),
        chunk_size=values.chunk_size,
        wanted=Wanted(values.ranges, values.shard_size),
        name=values.name or "",
        plan_only=values.plan_only,
        json=values.json,
        engine=engine,
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
