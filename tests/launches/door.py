"""A door in front of Cloud Storage that sees which objects are created, and does not let all of them through.

The gate knows the names of objects only where the address of a request has them; most uploads name theirs in the body.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import pytest

from tests.servers.gcs_answer import Answer, failure
from tests.servers.gcs_faults import Fault
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_request import Request

CREATIONS = ("start", "insert")
FORBIDDEN = failure(
    403,
    "forbidden",
    "shardkeep@my-project.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud "
    "Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist).",
)
_NAME = re.compile(rb'"name": ?"([^"\\]*)"')


@dataclass(frozen=True)
class Creation:
    """An object that somebody wanted to create: its name, and the generation that it was to have until then."""

    name: str
    if_generation: str | None


@contextmanager
def door(gcs: Gate, refused: Sequence[Sequence[str]] = ()) -> Iterator[list[Creation]]:
    """Yields a list of all creations that have been asked for.

    Args:
        gcs: Cloud Storage.
        refused: Which creations are not permitted: those with all words of one of these in the object's name.
    """

    def answer(
        request: Request, target: str, headers: Mapping[str, str], body: IO[bytes], size: int, fault: Fault | None
    ) -> Answer:
        if request.operation not in CREATIONS:
            return through(request, target, headers, body, size, fault)
        data = body.read(size)
        found = _NAME.search(data[:4096])
        creation = Creation(
            request.name or (found[1].decode() if found else ""), request.query.get("ifGenerationMatch")
        )
        creations.append(creation)
        if any(all(word in creation.name for word in words) for words in refused):
            return FORBIDDEN
        return through(request, target, headers, io.BytesIO(data), size, fault)

    creations: list[Creation] = []
    through = gcs.answer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gcs, "answer", answer)
        yield creations
