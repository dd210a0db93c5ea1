"""The server behind the gate, as the gate asks it."""

import http.client
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Protocol
from urllib.parse import quote, urlencode

from tests.servers.gcs_answer import Answer

PIECE = 1 << 20
_BOUNDARY = "shardkeep-gate-1f0c6d9be4a24b8b"
# Headers that concern one connection, or that are made anew for the other one (RFC 9110, 7.6.1).
_OF_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server", "expect"}


@dataclass(frozen=True)
class Backend:
    """Connections to the server at `address`, one for each thread, kept open.

    Attributes:
        address: `host:port`.
        public: The `host:port` that the server shall put into the links of its answers.
    """

    address: str
    public: str
    _threads: threading.local = field(default_factory=threading.local)

    def send(
        self, method: str, target: str, headers: Mapping[str, str] = {}, size: int = 0, body: Iterable[bytes] = ()
    ) -> Answer:
        """Ask the server; the answer's body must be read to its end before the same thread asks again."""
        sent = {**end_to_end(headers), "Host": self.public, "Content-Length": str(size)}
        try:
            connection = self._connection()
            connection.request(method, target, body, sent)
            got = connection.getresponse()
        except OSError:
            self.drop()
            raise
        body_size = {} if got.length is None else {"Content-Length": str(got.length)}
        return Answer(got.status, end_to_end(dict(got.getheaders())) | body_size, got)

    def drop(self) -> None:
        """Close this thread's connection, whose state is in doubt."""
        if connection := getattr(self._threads, "connection", None):
            connection.close()
            del self._threads.connection

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._threads, "connection"):
            self._threads.connection = http.client.HTTPConnection(self.address, timeout=120, blocksize=PIECE)
        connection: http.client.HTTPConnection = self._threads.connection
        return connection

    def insert(
        self, bucket: str, query: Mapping[str, str], metadata: Mapping[str, object], content: IO[bytes], size: int
    ) -> Answer:
        """Create an object whole, by one multipart upload; the query may hold preconditions."""
        content_type = metadata.get("contentType", "application/octet-stream")
        head = (
            f"--{_BOUNDARY}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(metadata)}\r\n"
            f"--{_BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
        target = f"/upload/storage/v1/b/{quote(bucket, safe='')}/o?{urlencode({**query, 'uploadType': 'multipart'})}"
        headers = {"Content-Type": f'multipart/related; boundary="{_BOUNDARY}"'}
        answer = self.send(
            "POST", target, headers, len(head) + size + len(tail), _around(head, pieces(content, size), tail)
        )
        return read_whole(answer)

    def has_bucket(self, bucket: str) -> bool:
        """Whether it has this bucket."""
        return read_whole(self.send("GET", f"/storage/v1/b/{quote(bucket, safe='')}")).status == 200

    def generation(self, bucket: str, name: str) -> str:
        """The generation of an object; `0`, as preconditions mean it, if there is none."""
        target = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        answer = read_whole(self.send("GET", target))
        return str(answer.json()["generation"]) if answer.status == 200 else "0"


def read_whole(answer: Answer) -> Answer:
    """The answer with its body in memory."""
    body = answer.body if isinstance(answer.body, bytes) else answer.body.read()
    return Answer(answer.status, answer.headers, body)


def end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    """Those headers that a gate passes on."""
    return {name: value for name, value in headers.items() if name.lower() not in _OF_CONNECTION}


class Readable(Protocol):
    """A file, or a stream that is read like one."""

    def read(self, size: int, /) -> bytes: ...


def pieces(file: Readable, size: int) -> Iterator[bytes]:
    """So many bytes of a file, or all that it still has."""
    while size > 0 and (piece := file.read(min(PIECE, size))):
        size -= len(piece)
        yield piece


def _around(head: bytes, middle: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from middle
    yield tail
