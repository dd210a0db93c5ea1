"""The parameters in a template's metadata, made from the options of a pipeline.

The fields are those of `ParameterMetadata` in the Dataflow API, their values as
https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates explains them.
"""

from collections.abc import Mapping
from typing import Any

from pipelines.command.options.option import Kind, Option

Parameter = dict[str, Any]

# The console has no picker for instances of Bigtable or Cloud SQL.
_TYPES: Mapping[Kind, str] = {
    "text": "TEXT",
    "list": "TEXT",
    "size": "TEXT",
    "count": "NUMBER",
    "choice": "ENUM",
    "flag": "BOOLEAN",
    "folder to read": "GCS_READ_FOLDER",
    "folder to write": "GCS_WRITE_FOLDER",
}
# A bucket's name: https://cloud.google.com/storage/docs/buckets#naming. No folder's name may be empty.
_CLOUD_FOLDER = "^gs://[a-z0-9][a-z0-9._-]+[a-z0-9](/[^/]+)*/?$"


def parameter(option: Option) -> Parameter:
    """The parameter for an option.

    Every value is a string, as launches send it; fields without a value are left out.
    """
    fields: Parameter = {
        "name": option.name.removeprefix("--"),
        "label": option.title(),
        "helpText": help_text(option),
        "groupName": option.group,
        "paramType": _TYPES[option.kind],
        "isOptional": not option.required,
        "regexes": regexes(option),
        "enumOptions": [{"value": word, "label": label} for word, label in option.distant_choices()],
        "defaultValue": "false" if option.kind == "flag" else option.distant_default or option.default,
    }
    return {key: value for key, value in fields.items() if value not in ("", [])}


def help_text(option: Option) -> str:
    """The option's help as a sentence, with an example if it has one; forms show the default themselves."""
    sentence = f"{option.help[0].upper()}{option.help[1:]}."
    return f"{sentence} Example: {option.example}" if option.example else sentence


def regexes(option: Option) -> list[str]:
    """The patterns of a value; a vault must be on Cloud Storage, since workers see no other folder."""
    if option.kind.startswith("folder"):
        return [_CLOUD_FOLDER]
    return [option.regex()] if option.regex() else []
