"""The HTTP side of the gate: connections that stay open, bodies in bounded memory, and cuts where a fault says so."""

import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, cast

from tests.servers.gcs_answer import Answer, as_json
from tests.servers.gcs_backend import PIECE, pieces, read_whole
from tests.servers.gcs_faults import (
    AnswerCorrupt,
    AnswerCut,
    AnswerLost,
    Fault,
    FieldsChanged,
    RangeChanged,
    RequestCorrupt,
    RequestCut,
)
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_request import parse


class GateServer(ThreadingHTTPServer):
    """Listens on a free loopback port; its gate is set before it serves."""

    daemon_threads = True
    request_queue_size = 128
    gate: Gate

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), GateHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Say nothing of clients that went away; all else goes to stderr."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class GateHandler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the gate records."""

    def handle_one(self) -> None:
        """Take a request and answer it."""
        gate = cast(GateServer, self.server).gate
        try:
            self._handle(gate)
        except OSError:
            # The client is gone, and what the server behind still says is nobody's.
            gate.backend.drop()
            raise

    def _handle(self, gate: Gate) -> None:
        request = parse(self.command, self.path, dict(self.headers))
        gate.requests.append(request)
        fault = gate.faults.take(request.operation)
        with tempfile.SpooledTemporaryFile(max_size=PIECE) as body:
            whole = self._receive(body, fault.after if isinstance(fault, RequestCut) else None)
            size = body.tell()
            if isinstance(fault, RequestCorrupt):
                _turn(body, fault.at)
            body.seek(0)
            if whole or request.operation == "chunk":
                answer = gate.answer(request, self.path, dict(self.headers), body, size, fault)
                self._reply(answer, fault)
        if not whole:
            self._cut()

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = handle_one  # noqa: N815 - names that http.server wants

    def _receive(self, body: IO[bytes], at_most: int | None) -> bool:
        """Take the body, or the first bytes of it; returns whether it is whole."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            for piece in self._chunks():
                body.write(piece)
            return True
        size = int(self.headers.get("Content-Length", 0))
        wanted = size if at_most is None else min(size, at_most)
        for piece in pieces(self.rfile, wanted):
            body.write(piece)
        return at_most is None and body.tell() == size

    def _chunks(self) -> Iterator[bytes]:
        """The pieces of a body of unknown length (RFC 9112, 7.1)."""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from pieces(self.rfile, size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _reply(self, answer: Answer, fault: Fault | None) -> None:
        if isinstance(fault, AnswerLost | RequestCut):
            read_whole(answer)
            self._cut()
        elif isinstance(fault, FieldsChanged):
            value = {**read_whole(answer).json(), **fault.fields}
            self._send(as_json(answer.status, {key: each for key, each in value.items() if each is not None}), None)
        elif isinstance(fault, RangeChanged):
            self._send(replace(answer, headers={**answer.headers, "Range": fault.told}), None)
        else:
            self._send(answer, fault)

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        if not isinstance(answer.body, bytes) and "Content-Length" not in answer.headers:
            answer = read_whole(answer)
        size = len(answer.body) if isinstance(answer.body, bytes) else int(answer.headers["Content-Length"])
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name != "Content-Length":
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(size))
        self.end_headers()
        for piece in _marred([answer.body] if isinstance(answer.body, bytes) else pieces(answer.body, size), fault):
            self.wfile.write(piece)
        if isinstance(fault, AnswerCut):
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


def _turn(body: IO[bytes], at: int) -> None:
    body.seek(at)
    byte = body.read(1)
    body.seek(at)
    body.write(bytes([byte[0] ^ 1]))


def _marred(body: Iterable[bytes], fault: Fault | None) -> Iterator[bytes]:
    """A body as it comes through: cut, or with a bit turned over."""
    offset = 0
    for piece in body:
        if isinstance(fault, AnswerCut):
            piece = piece[: max(fault.after - offset, 0)]
        if isinstance(fault, AnswerCorrupt) and 0 <= fault.at - offset < len(piece):
            at = fault.at - offset
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        offset += len(piece)
        yield piece
