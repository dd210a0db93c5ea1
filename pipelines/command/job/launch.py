"""A launch: the process only stages its job, and a Dataflow Flex Template's launcher reads what it prints.

The launcher runs an entry module with Beam's `--template_location`. It logs what the process prints line by line; a
line that is one JSON object with a severity is shown with that severity
(https://cloud.google.com/dataflow/docs/guides/logging, "Structured logging").
"""

import json
from collections.abc import Sequence

DISK_GB = 50
"""A worker's disk in GB: the service's default for batch jobs, 25, leaves little room beside an image of this size."""

_TEMPLATE_LOCATION = "--template_location"


def is_launch(argv: Sequence[str]) -> bool:
    """Whether the arguments are those of a launcher. They are not parsed: parsing may be what failed."""
    return any(argument.partition("=")[0] == _TEMPLATE_LOCATION for argument in argv)


def error_line(message: str) -> str:
    """One line that the console shows as an error."""
    return json.dumps({"severity": "ERROR", "message": message})
