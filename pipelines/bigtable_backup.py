"""Back up tables of a Cloud Bigtable instance into a vault.

python -m pipelines.bigtable_backup --vault=backups --bigtable_project=my-project --instance=my-instance --table='*'
"""

import sys
from collections.abc import Sequence

import apache_beam as beam

from pipelines.command.aliases import BIGTABLE_ALIASES
from pipelines.command.arguments import OptionParser, parse
from pipelines.command.bigtable_options import add_instance, instance_of
from pipelines.command.exit_codes import run_command
from pipelines.command.take_backup import BackupConfig, take_backup
from transforms.back_up import BackUp
from transforms.backup_work import BackupWork
from transforms.bigtable.source import BigtableSource
from transforms.source import Wanted


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser("bigtable-backup", "Back up tables of a Bigtable instance into a vault.")
    parser.add_text("--vault", "folder of the vault; made if it is not there", required=True)
    add_instance(parser, "to read")
    parser.add_list("--table", "ids or globs of the tables; '*' is every table", required=True)
    parser.add_size("--chunk_size", "bytes of records in a chunk", default="1MiB")
    parser.add_size("--shard_size", "bytes on disk in the source that a shard holds at most, about", default="256MiB")
    parser.add_count("--ranges", "ranges that each table is cut into; by default as many as its size asks for")
    parser.add_text("--name", "your name for the backup")
    parser.add_flag("--plan_only", "show what would be done, and write nothing")
    parser.add_flag("--json", "print the backup as JSON")
    return parser


def configure(argv: Sequence[str]) -> BackupConfig:
    """The checked configuration that the arguments ask for."""
    values, beam_args = parse(options(), argv, BIGTABLE_ALIASES)
    return BackupConfig(
        vault=values.vault,
        source=BigtableSource(instance_of(values, beam_args), values.table),
        chunk_size=values.chunk_size,
        wanted=Wanted(values.ranges, values.shard_size),
        label=values.name or "",
        plan_only=values.plan_only,
        json=values.json,
        beam_args=tuple(beam_args),
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
