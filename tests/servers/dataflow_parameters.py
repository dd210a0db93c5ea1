"""What the Dataflow service checks of a launch before anything runs, by the metadata in the template's spec.

The answers were seen in reports of users, which quote them whole:
https://github.com/hashicorp/terraform-provider-google/issues/11008 ("Unrecognized parameter"),
https://github.com/GoogleCloudPlatform/DataflowTemplates/pull/1106 ("Parameter didn't match regex").
No report quotes the words for a parameter that is missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.servers.egrep import matches

INVALID = "type.googleapis.com/google.dataflow.v1beta3.InvalidTemplateParameters"
# https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates passes it undeclared.
ALWAYS_KNOWN = frozenset({"sdk_container_image"})

Violation = tuple[str, str]
"""A parameter's name, and what is wrong with it."""


def violations(metadata: Mapping[str, Any], given: Mapping[str, str]) -> list[Violation]:
    """What is wrong with the parameters of a launch, sorted."""
    declared = {each["name"]: each for each in metadata.get("parameters", [])}
    unknown = given.keys() - declared.keys() - ALWAYS_KNOWN
    missing = {name for name, each in declared.items() if not each.get("isOptional", False)} - given.keys()
    return sorted(
        [
            *((name, "Unrecognized parameter") for name in unknown),
            *((name, "Missing required parameter") for name in missing),
            *(found for name in declared.keys() & given for found in _mismatches(declared[name], given[name])),
        ]
    )


def _mismatches(declared: Mapping[str, Any], value: str) -> Iterator[Violation]:
    for regex in declared.get("regexes", []):
        if not matches(regex, value):
            yield declared["name"], f"Parameter didn't match regex '{regex}'"


def refusal(found: list[Violation]) -> dict[str, Any]:
    """The body of the answer 400."""
    message = "\n".join(
        ["The template parameters are invalid. Details: ", *(f"{name}: {what}" for name, what in found)]
    )
    details = {
        "@type": INVALID,
        "parameterViolations": [{"parameter": name, "description": what} for name, what in found],
    }
    return error(400, message, "INVALID_ARGUMENT", [details])


def error(code: int, message: str, status: str, details: list[Any] | None = None) -> dict[str, Any]:
    """An error as every API of Google answers it: https://cloud.google.com/apis/design/errors."""
    return {"error": {"code": code, "message": message, "status": status, "details": details or []}}
