"""Resumable uploads, held by the gate as Google documents them (docs: performing-resumable-uploads).

The server behind appends whatever comes, publishes the object when it is asked how far it is, forgets a session that
has ended, and does not end one that is cancelled.
"""

import base64
import json
import re
import secrets
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import google_crc32c

from tests.servers.gcs_answer import Answer, condition_not_met, failure
from tests.servers.gcs_backend import Backend, pieces
from tests.servers.gcs_faults import QUANTUM, Fault, PartKept
from tests.servers.gcs_request import Request

_RANGE = re.compile(r"bytes (?:(?P<start>\d+)-(?P<end>\d+|\*)|\*)/(?P<total>\d+|\*)")
_PRECONDITIONS = ("ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch")
_UNKNOWN = failure(404, "notFound", "No such upload session.")
_CANCELLED = failure(499, "cancelled", "The upload was cancelled.")


@dataclass
class Session:
    """An upload: what it shall become, the bytes so far, and the answer that ended it."""

    request: Request
    metadata: Mapping[str, object]
    file: IO[bytes]
    size: int = 0
    ended: Answer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.metadata["name"])


@dataclass(frozen=True)
class Sessions:
    """All sessions of a gate, by their upload ids."""

    backend: Backend
    _by_id: dict[str, Session] = field(default_factory=dict)

    def open(self, bucket: str) -> list[str]:
        """The names of the objects of those of a bucket that have not ended."""
        mine = [session for session in self._by_id.values() if session.request.bucket == bucket]
        return [session.name for session in mine if session.ended is None]

    def start(self, request: Request, body: IO[bytes]) -> Answer:
        """Begin an upload. Preconditions are looked at here, and again when it ends."""
        metadata = {"contentType": request.headers.get("x-upload-content-type", "application/octet-stream")}
        metadata |= {"name": request.name} if request.name else {}
        metadata |= json.loads(body.read() or b"{}")
        if not self.backend.has_bucket(request.bucket):
            return failure(404, "notFound", "The specified bucket does not exist.")
        wanted = request.query.get("ifGenerationMatch")
        if wanted is not None and self.backend.generation(request.bucket, metadata["name"]) != wanted:
            return condition_not_met()
        upload = secrets.token_hex(16)
        file = tempfile.SpooledTemporaryFile(max_size=QUANTUM)  # noqa: SIM115 - open as long as the session
        self._by_id[upload] = Session(request, metadata, file)
        location = f"http://{self.backend.public}{request.path}?uploadType=resumable&upload_id={upload}"
        return Answer(200, {"Location": location, "X-GUploader-UploadID": upload})

    def cancel(self, request: Request) -> Answer:
        """End an upload without an object; 499 is the answer that says so."""
        session = self._by_id.get(request.query.get("upload_id", ""))
        if session is None:
            return _UNKNOWN
        with session.lock:
            if session.ended is None:
                _end(session, _CANCELLED)
            return _CANCELLED

    def put(self, request: Request, body: IO[bytes], size: int, fault: Fault | None) -> Answer:
        """A chunk of an upload, or the question how far it is."""
        session = self._by_id.get(request.query.get("upload_id", ""))
        if session is None:
            return _UNKNOWN
        with session.lock:
            return session.ended or self._add(session, request, body, size, fault)

    def _add(self, session: Session, request: Request, body: IO[bytes], size: int, fault: Fault | None) -> Answer:
        told = request.headers.get("content-range", f"bytes 0-*/{size}")
        found = _RANGE.fullmatch(told)
        if found is None:
            return failure(400, "invalid", f"Failed to parse Content-Range header {told!r}.")
        start = session.size if found["start"] is None else int(found["start"])
        told_size = int(found["end"]) + 1 - start if (found["end"] or "*") != "*" else size
        if start > session.size:
            return failure(
                400,
                "invalid",
                f"Invalid request. According to the Content-Range header, the upload offset is {start} byte(s), which "
                f"exceeds already uploaded size of {session.size} byte(s).",
            )
        total = None if found["total"] == "*" else int(found["total"])
        if total is None and told_size % QUANTUM:
            return failure(400, "invalid", f"{told_size} byte(s) are no multiple of 256 KiB, and not the last chunk.")
        _append(session, body, start, _kept(fault, size) if size == told_size else size // QUANTUM * QUANTUM)
        return self._finish(session, request) if total == session.size else _so_far(session)

    def _finish(self, session: Session, request: Request) -> Answer:
        session.file.seek(0)
        told = request.headers.get("x-goog-hash", "")
        if told.startswith("crc32c=") and told != f"crc32c={checksum(session.file, session.size)}":
            answer = failure(400, "invalid", f"Provided {told} doesn't match calculated CRC32C.")
        else:
            session.file.seek(0)
            query = {word: value for word, value in session.request.query.items() if word in _PRECONDITIONS}
            bucket = session.request.bucket
            answer = self.backend.insert(bucket, query, session.metadata, session.file, session.size)
        _end(session, answer)
        return answer


def _append(session: Session, body: IO[bytes], start: int, size: int) -> None:
    """Add what is new of a chunk; what the session has already is passed over."""
    known = min(session.size - start, size)
    body.seek(known)
    session.file.seek(session.size)
    for piece in pieces(body, size - known):
        session.size += session.file.write(piece)


def _kept(fault: Fault | None, size: int) -> int:
    return min(fault.size, size) if isinstance(fault, PartKept) else size


def _so_far(session: Session) -> Answer:
    """308, with the range that is kept, or without one if there is nothing."""
    return Answer(308, {"Range": f"bytes=0-{session.size - 1}"} if session.size else {})


def _end(session: Session, answer: Answer) -> None:
    session.ended = answer
    session.file.close()


def checksum(file: IO[bytes], size: int) -> str:
    """CRC32C as the JSON API writes it: base64 of four big-endian bytes."""
    sum_ = google_crc32c.Checksum()
    for piece in pieces(file, size):
        sum_.update(piece)
    return base64.b64encode(sum_.digest()).decode()
