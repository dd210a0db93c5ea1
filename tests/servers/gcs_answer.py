"""What the gate answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; its body is in memory, or to be read from a file to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: "bytes | IO[bytes]" = b""

    def json(self) -> dict[str, object]:
        """The JSON object that it holds."""
        body: dict[str, object] = json.loads(self.body if isinstance(self.body, bytes) else self.body.read())
        return body


def as_json(status: int, value: object) -> Answer:
    """An answer with a JSON value."""
    return Answer(status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(value).encode())


def failure(status: int, reason: str, message: str) -> Answer:
    """An error in the form of the JSON API (docs: json_api/v1/status-codes)."""
    detail = {"message": message, "domain": "global", "reason": reason}
    return as_json(status, {"error": {"code": status, "message": message, "errors": [detail]}})


def condition_not_met() -> Answer:
    """What answers a request whose precondition does not hold."""
    return failure(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
