"""Restore a backup of a PostgreSQL database into an empty one.

python -m pipelines.postgres_restore --vault=backups --backup=latest \
        --database=postgresql://postgres@10.0.0.6:5432/shop_restored --create_database
"""

from __future__ import annotations

import functools
import secrets
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.postgres import add_database, database_of, split_list
from pipelines.command.options.vault import add_backup, add_output

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.command.print.result import Result
    from pipelines.command.restore import RestoreConfig
    from transforms.restore_work import RestoreWork

_WRITERS = 4
_TRUST = (
    "Restore a backup of a PostgreSQL database into an empty one. Restore only what you trust, as with pg_restore: the"
    " backup's functions, defaults, checks, index expressions and views run with the rights of the role that restores."
    " A vault of strangers is restored by a role that may do nothing else, into a server of its own. With --plan_only"
    " all statements but those of rows are run too, in a transaction that is rolled back."
)
_TRIED = (
    "All statements of the backup's schema were run on the server, in one transaction that was rolled back. What a"
    " function that they call does outside of it stays: numbers drawn from sequences, other servers."
)
_TRIED_NOTHING = "The database does not exist yet, so no statement was tried."
_EXAMPLES = (
    "--vault=backups --backup=latest \\\n"
    "      --database=postgresql://postgres@10.0.0.6:5432/shop_restored --create_database",
    "--vault=backups --backup=latest --name=nightly \\\n"
    "      --database=postgresql://postgres@10.0.0.6/empty --table=public.orders",
)
_OWNERS = {"keep": "Those that were backed up", "none": "The role that restores"}
_ACL = {"keep": "Those that were backed up", "none": "None"}
_TABLESPACES = {"keep": "The tablespaces that were backed up", "none": "The database's own"}


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser("postgres-restore", _TRUST, examples=_EXAMPLES)
    add_backup(parser, "postgres+10.0.0.5+5432+shop")
    parser.group("Target")
    add_database(parser, "to write")
    parser.add_flag("--create_database", "create the database first, with the properties of the one backed up")
    parser.group("Selection")
    parser.add_text(
        "--table",
        "tables to restore, SQL identifiers or globs, those without a glob with a new name where wanted:"
        " S.T[:S.T],..; what they need is restored too if it is not there",
        label="Tables",
        example="public.orders:restored.orders,public.item*",
    )
    parser.add_text(
        "--schema",
        "schemas to restore, SQL identifiers or globs, those without a glob with a new name where wanted: S[:S],..",
        label="Schemas",
        example="public:restored",
    )
    parser.add_text(
        "--exclude_table",
        "tables not to restore: S.T[,S.T..]; without --table and --schema they are made, but stay empty",
        label="Tables to leave out",
        example="public.sessions",
    )
    _add_rules(parser)
    return parser


def _add_rules(parser: OptionParser) -> None:
    """Declare the options for how to restore, and for the report."""
    parser.group("Rules")
    parser.add_choice(
        "--if_exists", "what to do if the database is not empty", choices=("refuse",), default="refuse", template=False
    )
    parser.add_choice("--owner", "owners of what is restored", choices=_OWNERS, default="keep", label="Owners")
    parser.add_choice("--acl", "privileges on what is restored", choices=_ACL, default="keep", label="Privileges")
    parser.add_choice("--tablespaces", "where objects lie", choices=_TABLESPACES, default="keep", label="Tablespaces")
    parser.add_flag("--skip_unrestorable", "leave out what may not be created there (exit code 3)")
    parser.add_text(
        "--search_path",
        "schemas in which functions may look while rows are loaded and indexes made: S,S,..",
        label="Search path",
        example="lib,public",
    )
    parser.add_count("--writers", "pieces of some chunks that each worker writes at once", default=_WRITERS)
    parser.add_text(
        "--report",
        "what is left out, in two files: PATH.json, and PATH.sql, a script that makes it",
        example="gs://my-bucket/left-out",
    )
    add_output(parser, "what was restored", plan=True)


def configure(argv: Sequence[str]) -> RestoreConfig:
    """Parse and check the arguments; returns the configuration."""
    values, engine = parse_job(options(), argv)
    from pipelines.command.print.report import Report
    from pipelines.command.restore import RestoreConfig
    from transforms.assigning import Assigning
    from transforms.postgres.restore.search_path import parse_search_path
    from transforms.postgres.restore.selection import assign, parse_renames
    from transforms.postgres.target import PostgresTarget

    renames = parse_renames(
        split_list(values.table, "--table"), split_list(values.schema, "--schema"), values.exclude_table or ""
    )
    target = PostgresTarget(
        database=database_of(values),
        restore=secrets.token_hex(8),
        renames=renames,
        keep_owner=values.owner == "keep",
        keep_acl=values.acl == "keep",
        keep_tablespaces=values.tablespaces == "keep",
        skip_unrestorable=values.skip_unrestorable,
        create_database=values.create_database,
        plan_only=values.plan_only,
        jobs=values.writers,
        path=parse_search_path(split_list(values.search_path, "--search_path")),
    )
    return RestoreConfig(
        vault=values.vault,
        backup=values.backup,
        folder=values.source,
        target=target,
        assigning=Assigning(functools.partial(assign, renames), target.identity(), append=False, into_source=False),
        plan_only=values.plan_only,
        json=values.json,
        engine=engine,
        writers=values.writers,
        tried=_TRIED_NOTHING if values.create_database else _TRIED,
        report=Report.at(values.report, renames.changes),
        name=values.name,
    )


def build(pipeline: beam.Pipeline, work: RestoreWork, result: Result) -> None:
    """Put the restore into a pipeline."""
    import apache_beam as beam

    from transforms.restore import Restore
    from transforms.restored import restored_json

    # In one step: names of SQL_ASCII databases may have lone surrogates, which Beam's coders do not accept.
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
