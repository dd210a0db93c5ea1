"""A gate to Cloud Storage's fake server: all clients speak to it, so it sees, mends and breaks what passes.

It mends what the server does unlike Google: resumable uploads (`gcs_sessions`), preconditions of deletions, and what
is said of things that are missing.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import IO
from urllib.parse import urlencode

from tests.servers.gcs_answer import Answer, condition_not_met, failure
from tests.servers.gcs_backend import Backend, pieces, read_whole
from tests.servers.gcs_faults import Fault, Faults, Refused
from tests.servers.gcs_request import Request
from tests.servers.gcs_sessions import Sessions

PAGE = 1000
"""Most names that a listing tells at once (docs: json_api/v1/objects/list); the server behind knows no limit."""
_NUMBERS = count(1)


@dataclass
class Gate:
    """What tests tell the gate and ask it.

    Attributes:
        backend: The server behind.
        faults: What goes wrong next.
        sessions: The resumable uploads.
        requests: All requests that have come, in their order.
        create_only: Whether clients have the rights of roles/storage.objectCreator and roles/storage.objectViewer
            alone. Then deletions, changes, and creations that might overwrite are refused, whether or not they would.
        page: Most names that a listing tells at once.
    """

    backend: Backend
    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    create_only: bool = False
    page: int = PAGE
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.backend)

    @property
    def url(self) -> str:
        """What STORAGE_EMULATOR_HOST is set to."""
        return f"http://{self.backend.public}"

    def new_bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"shardkeep-test-{next(_NUMBERS)}"
        body = json.dumps({"name": name}).encode()
        answer = self.backend.send(
            "POST", "/storage/v1/b?project=test", {"Content-Type": "application/json"}, len(body), [body]
        )
        assert read_whole(answer).status == 200, answer
        return name

    def clear(self) -> None:
        """Forget requests, faults and rights, so that a test begins with none of another's."""
        self.faults.clear()
        self.requests.clear()
        self.create_only = False
        self.page = PAGE

    @contextmanager
    def creating_only(self) -> Iterator[None]:
        """Take all other rights away for a while."""
        self.create_only = True
        try:
            yield
        finally:
            self.create_only = False

    def operations(self) -> list[str]:
        """What was asked for, in its order."""
        return [request.operation for request in self.requests]

    def answer(
        self, request: Request, target: str, headers: Mapping[str, str], body: IO[bytes], size: int, fault: Fault | None
    ) -> Answer:
        """Do the work of a request, unless it is refused."""
        if isinstance(fault, Refused):
            return failure(fault.status, fault.reason, fault.message)
        if self.create_only and (denied := _denied(request)):
            return denied
        if request.operation == "start":
            return self.sessions.start(request, body)
        if request.operation in ("chunk", "query"):
            return self.sessions.put(request, body, size, fault)
        if request.operation == "cancel":
            return self.sessions.cancel(request)
        if request.operation == "delete":
            return self._delete(request, target)
        if request.operation == "list":
            wanted = min(int(request.query.get("maxResults", PAGE)), self.page)
            target = f"{request.path}?{urlencode({**request.query, 'maxResults': wanted})}"
        answer = self.backend.send(request.method, target, headers, size, pieces(body, size))
        return self._missing(request, answer) if answer.status == 404 else answer

    def _delete(self, request: Request, target: str) -> Answer:
        """The server ignores `ifGenerationMatch`, but deletes one generation and no other where it is told one."""
        wanted = request.query.get("ifGenerationMatch")
        if wanted is not None:
            there = self.backend.generation(request.bucket, request.name)
            if there not in (wanted, "0"):
                return condition_not_met()
            target += f"&generation={wanted}"
        answer = read_whole(self.backend.send("DELETE", target))
        return self._missing(request, answer) if answer.status == 404 else Answer(204)

    def _missing(self, request: Request, answer: Answer) -> Answer:
        """Google tells a bucket that is missing from an object that is."""
        read_whole(answer)
        if request.bucket and not self.backend.has_bucket(request.bucket):
            return failure(404, "notFound", "The specified bucket does not exist.")
        return failure(404, "notFound", f"No such object: {request.bucket}/{request.name}")


def _denied(request: Request) -> Answer | None:
    create_only = request.query.get("ifGenerationMatch") == "0"
    if request.operation in ("delete", "change"):
        return _no_permission("delete" if request.operation == "delete" else "update")
    if request.operation in ("start", "insert") and not create_only:
        return _no_permission("delete")
    return None


def _no_permission(permission: str) -> Answer:
    return failure(
        403,
        "forbidden",
        f"test@example.com does not have storage.objects.{permission} access to the Google Cloud Storage object. "
        f"Permission 'storage.objects.{permission}' denied on resource (or it may not exist).",
    )
