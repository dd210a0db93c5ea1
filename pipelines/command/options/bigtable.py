"""The options that name a Bigtable instance."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.command.options.arguments import OptionParser
from transforms.errors import UsageError

if TYPE_CHECKING:
    from transforms.bigtable.server.instance import Instance

# Ids as in the messages of https://cloud.google.com/bigtable/docs/reference/admin/rpc/google.bigtable.admin.v2, without
# limits of length, which the service checks itself. A project may have a domain before its id.
_PROJECT = "^[a-z0-9.-]+(:[a-z0-9-]+)?$"
_INSTANCE = "^[a-z][a-z0-9-]*$"
_APP_PROFILE = "^[_A-Za-z0-9][-_.A-Za-z0-9]*$"
TABLES = r"^ *([_A-Za-z0-9.*?!-]|\[|\])+( *, *([_A-Za-z0-9.*?!-]|\[|\])+)* *$"
"""Ids or globs of tables, as a list. Brackets are outside of character classes: the regular expression
engine that checks a form may not read `[]a]` as egrep does; JavaScript's does not."""
RENAMES = r"^ *([_A-Za-z0-9.*?!:-]|\[|\])+( *, *([_A-Za-z0-9.*?!:-]|\[|\])+)* *$"
"""Ids or globs of tables, some ids with a colon and another id, as a list."""

# Parameter names of Google's "Bigtable to Cloud Storage Avro" and "Cloud Storage Avro to Bigtable" templates:
# https://cloud.google.com/dataflow/docs/guides/templates/provided/bigtable-to-avro
ALIASES: Mapping[str, str] = {
    "--bigtableProjectId": "--bigtable_project",
    "--bigtableInstanceId": "--instance",
    "--bigtableTableId": "--table",
    "--bigtableAppProfileId": "--app_profile",
}


def add_instance(parser: OptionParser, purpose: str) -> None:
    """Declare the options that name an instance `purpose`, such as "to read"."""
    parser.add_text(
        "--bigtable_project",
        f"project of the instance {purpose}; by default the job's own (--project)",
        example="my-project",
        pattern=_PROJECT,
    )
    parser.add_text(
        "--instance", f"id of the instance {purpose}", required=True, example="my-instance", pattern=_INSTANCE
    )
    parser.add_text(
        "--app_profile",
        "app profile of the requests; by default the instance's own",
        example="backup-single-cluster",
        pattern=_APP_PROFILE,
    )


def instance_of(values: argparse.Namespace, project: str | None) -> Instance:
    """The instance that the options name; its project defaults to `project`, from Beam's options.

    Raises:
        UsageError: if there is no project.
    """
    from transforms.bigtable.server.instance import Instance

    project = values.bigtable_project or project
    if not project:
        raise UsageError("--bigtable_project is missing: the project of the instance, unless --project names it")
    return Instance(project, values.instance, values.app_profile or "")
