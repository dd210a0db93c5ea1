"""The camelCase option names of Google's templates, which the command line accepts for people who know them."""

from collections.abc import Mapping, Sequence

# Parameter names of Google's "Bigtable to Cloud Storage Avro" and "Cloud Storage Avro to Bigtable" templates:
# https://cloud.google.com/dataflow/docs/guides/templates/provided/bigtable-to-avro
BIGTABLE_ALIASES: Mapping[str, str] = {
    "--bigtableProjectId": "--bigtable_project",
    "--bigtableInstanceId": "--instance",
    "--bigtableTableId": "--table",
    "--bigtableAppProfileId": "--app_profile",
}


def replace_aliases(argv: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """The arguments with every alias replaced by the option's own name; values are unchanged."""
    return [_replace(argument, aliases) for argument in argv]


def _replace(argument: str, aliases: Mapping[str, str]) -> str:
    name, equals, value = argument.partition("=")
    return f"{aliases.get(name, name)}{equals}{value}"
