"""Restore tables of a backup into a Cloud Bigtable instance.

python -m pipelines.bigtable_restore --vault=backups --backup=latest --bigtable_project=my-project \
        --instance=my-instance --table=orders:orders_restored
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.bigtable import ALIASES, RENAMES, TABLES, add_instance, instance_of
from pipelines.command.options.vault import add_backup, add_output

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.command.print.result import Result
    from pipelines.command.restore import RestoreConfig
    from transforms.restore_work import RestoreWork

_IF_EXISTS = {"refuse": "Refuse", "append": "Add to its rows"}
_GC = {"saved": "The rules that were backed up", "none": "None: every cell stays"}


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser(
        "bigtable-restore",
        "Restore tables of a backup into a Bigtable instance.",
        examples=(
            "--vault=backups --backup=latest --bigtable_project=my-project \\\n"
            "      --instance=my-instance --table=orders:orders_restored",
            "--vault=gs://my-bucket/backups --backup=20261130T020000Z-7f3a9c \\\n"
            "      --bigtable_project=my-project --instance=other-instance --plan_only",
        ),
    )
    add_backup(parser, "bigtable+my-project+my-instance")
    parser.group("Target")
    add_instance(parser, "to write")
    parser.add_list(
        "--table",
        "ids or globs of the tables to restore, an id with its new one if it gets one, SRC:DST; by default all",
        label="Tables",
        example="orders:orders_restored,events-*",
        pattern=RENAMES,
    )
    parser.add_list(
        "--exclude_table",
        "ids or globs of tables not to restore",
        label="Tables to leave out",
        example="events-old-*",
        pattern=TABLES,
    )
    parser.add_choice("--if_exists", "what to do if a table has rows", choices=_IF_EXISTS, default="refuse")
    parser.add_flag("--into_source", "allow writing into the very table that was backed up while it has rows")
    parser.add_choice(
        "--gc", "garbage collection of created tables", choices=_GC, default="saved", label="Garbage collection"
    )
    add_output(parser, "what was restored", plan=True)
    return parser


def configure(argv: Sequence[str]) -> RestoreConfig:
    """Parse and check the arguments; returns the configuration."""
    values, engine = parse_job(options(), argv, ALIASES)
    from pipelines.command.print.resumption import Resumption
    from pipelines.command.restore import RestoreConfig
    from transforms.assigning import Assigning
    from transforms.bigtable.restore.selection import assign
    from transforms.bigtable.target import BigtableTarget
    from transforms.range_reading import now_micros

    target = BigtableTarget(instance_of(values, engine.project), values.gc == "saved", now_micros())
    select = functools.partial(assign, values.table, excluded=values.exclude_table)
    return RestoreConfig(
        vault=values.vault,
        backup=values.backup,
        folder=values.source,
        target=target,
        assigning=Assigning(select, target.identity(), values.if_exists == "append", values.into_source),
        plan_only=values.plan_only,
        json=values.json,
        engine=engine,
        resumption=Resumption("bigtable-restore", tuple(argv)),
        name=values.name,
    )


def build(pipeline: beam.Pipeline, work: RestoreWork, result: Result) -> None:
    """Put the restore into a pipeline."""
    import apache_beam as beam

    from transforms.restore import Restore
    from transforms.restored import restored_json

    pipeline | "Restore" >> Restore(work) | "Hand back" >> beam.Map(lambda done: result.write(restored_json(done)))


def run(argv: Sequence[str]) -> int:
    """Restore; returns the exit code."""
    config = configure(argv)
    from pipelines.command.restore import run_restore

    return run_restore(config, build)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
