"""Launches are checked by the metadata as the service checks them."""

from typing import Any

import pytest

from tests.servers.dataflow_parameters import refusal, violations

METADATA: dict[str, Any] = {
    "name": "n",
    "parameters": [
        {"name": "vault", "label": "l", "helpText": "h", "regexes": ["^gs://", "[^/]$"]},
        {"name": "ranges", "label": "l", "helpText": "h", "isOptional": True, "regexes": ["^[1-9][0-9]*$"]},
    ],
}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"vault": "gs://b/v"}, []),
        ({"vault": "gs://b/v", "ranges": "10"}, []),
        ({"vault": "gs://b/v", "sdk_container_image": "i"}, []),
        ({}, [("vault", "Missing required parameter")]),
        ({"vault": "gs://b/v", "ranges": "0"}, [("ranges", "Parameter didn't match regex '^[1-9][0-9]*$'")]),
        (
            {"vault": "b/v/"},
            [("vault", "Parameter didn't match regex '[^/]$'"), ("vault", "Parameter didn't match regex '^gs://'")],
        ),
        (
            {"vault": "gs://b/v", "streaming": "true", "Vault": "x"},
            [("Vault", "Unrecognized parameter"), ("streaming", "Unrecognized parameter")],
        ),
    ],
)
def test_what_is_wrong_with_the_parameters_is_found(given: dict[str, str], found: list[tuple[str, str]]) -> None:
    assert violations(METADATA, given) == found


def test_a_refusal_names_every_violation_twice_for_people_and_for_programs() -> None:
    error = refusal([("a", "Unrecognized parameter"), ("b", "Missing required parameter")])["error"]
    assert error["message"] == (
        "The template parameters are invalid. Details: \na: Unrecognized parameter\nb: Missing required parameter"
    )
    (details,) = error["details"]
    assert [each["parameter"] for each in details["parameterViolations"]] == ["a", "b"]
