"""A real gRPC server on loopback that plays scripted answers, in front of another server or of nothing.

Requests and messages are raw bytes, so nothing of a stream is made right on its way. What no script
answers goes on to the server behind, the emulator for instance: so one call of a whole job can be made to fail.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc
from google.cloud.bigtable_v2.types import MutateRowsRequest, MutateRowsResponse, SampleRowKeysResponse

DATA = "google.bigtable.v2.Bigtable"
ADMIN = "google.bigtable.admin.v2.BigtableTableAdmin"
METHODS = {
    DATA: ("ReadRows", "MutateRows", "SampleRowKeys"),
    ADMIN: ("ListTables", "GetTable", "CreateTable", "ModifyColumnFamilies", "UpdateTable", "DeleteTable"),
}
_UNBOUNDED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
_TEST_IS_OVER = 60.0
"""Seconds after which a silent stream ends by itself, so that a broken test ends too."""


@dataclass(frozen=True)
class Abort:
    """End the call with an error."""

    code: grpc.StatusCode
    details: str = "scripted"


@dataclass(frozen=True)
class Pause:
    """Let time pass, as a slow server does."""

    seconds: float


@dataclass(frozen=True)
class Silence:
    """Send nothing more until the client gives the call up."""


@dataclass(frozen=True)
class Forward:
    """Let the server behind answer this call."""


@dataclass(frozen=True)
class Unanswered:
    """Let the server behind answer, and end the call with an error: the answer is lost on its way."""

    code: grpc.StatusCode


@dataclass(frozen=True)
class Meet:
    """Wait until as many calls are under way at once as the barrier wants; the test fails if they never are."""

    barrier: threading.Barrier


Answer: TypeAlias = Callable[[bytes], Iterable[bytes]]
"""Messages made of the request."""

Step: TypeAlias = bytes | Abort | Pause | Silence | Forward | Unanswered | Meet | Answer


def script(*steps: Step) -> Sequence[Step]:
    """Steps of different kinds as one script."""
    return steps


@dataclass(frozen=True)
class Received:
    """A call as the server saw it.

    Attributes:
        method: The method's short name.
        request: The message.
        headers: What came with it.
        ended: Set when the call is over, be it that the client cancelled it.
    """

    method: str
    request: bytes
    headers: Mapping[str, str]
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass
class ScriptedBigtable:
    """The server: `play` adds scripts, `received` tells what came."""

    behind: grpc.Channel | None = None
    host: str = ""
    calls: list[Received] = field(default_factory=list)
    _scripts: dict[str, deque[Sequence[Step]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, method: str, *scripts: Sequence[Step]) -> None:
        """Answer the next calls of a method with these scripts, one a call."""
        self._scripts.setdefault(method, deque()).extend(scripts)

    def stop_playing(self) -> None:
        """Forget the scripts that nobody has asked for."""
        with self._lock:
            self._scripts.clear()

    def received(self, method: str) -> list[Received]:
        """The calls of a method, in the order in which they came."""
        return [call for call in self.calls if call.method == method]

    def answer(self, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Play the next script of a method; without one, let the server behind answer."""
        headers = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        call = Received(path.rpartition("/")[2], request, headers)
        if not context.add_callback(call.ended.set):
            call.ended.set()
        for step in self._script(call):
            yield from self._play(step, path, call, context)

    def _script(self, call: Received) -> Sequence[Step]:
        with self._lock:
            self.calls.append(call)
            waiting = self._scripts.get(call.method)
            return waiting.popleft() if waiting else [Forward()]

    def _play(self, step: Step, path: str, call: Received, context: grpc.ServicerContext) -> Iterator[bytes]:
        if isinstance(step, bytes):
            yield step
        elif isinstance(step, Abort):
            context.abort(step.code, step.details)
        elif isinstance(step, Pause):
            threading.Event().wait(step.seconds)
        elif isinstance(step, Silence):
            call.ended.wait(_TEST_IS_OVER)
        elif isinstance(step, Forward):
            yield from self._forward(path, call.request, context)
        elif isinstance(step, Meet):
            step.barrier.wait(_TEST_IS_OVER)
        elif isinstance(step, Unanswered):
            list(self._forward(path, call.request, context))
            context.abort(step.code, "the answer is lost")
        else:
            yield from step(call.request)

    def _forward(self, path: str, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if self.behind is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"no script is left for {path}")
        try:
            if path.startswith(f"/{DATA}/"):
                yield from self.behind.unary_stream(path, None, None)(request, timeout=_TEST_IS_OVER)
            else:
                yield self.behind.unary_unary(path, None, None)(request, timeout=_TEST_IS_OVER)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")


def _handlers(scripted: ScriptedBigtable) -> Iterator[grpc.GenericRpcHandler[bytes, bytes]]:
    """Handlers that hand every call of both services to the scripts."""
    for service, methods in METHODS.items():
        handlers = {method: _handler(scripted, f"/{service}/{method}") for method in methods}
        yield grpc.method_handlers_generic_handler(service, handlers)


def _handler(scripted: ScriptedBigtable, path: str) -> grpc.RpcMethodHandler[bytes, bytes]:
    def stream(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        return scripted.answer(path, request, context)

    def single(request: bytes, context: grpc.ServicerContext) -> bytes:
        return next(stream(request, context))

    if path.startswith(f"/{DATA}/"):
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(single)


@contextmanager
def scripted_bigtable(behind: str | None = None) -> Iterator[ScriptedBigtable]:
    """Run a server; `behind` is the `host:port` of the one that answers what no script does."""
    channel = grpc.insecure_channel(behind, options=[*_UNBOUNDED, ("grpc.enable_http_proxy", 0)]) if behind else None
    scripted = ScriptedBigtable(channel)
    server = grpc.server(ThreadPoolExecutor(40), handlers=[*_handlers(scripted)], options=_UNBOUNDED)
    scripted.host = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield scripted
    finally:
        server.stop(None).wait()
        if channel:
            channel.close()


def statuses(codes: Mapping[int, int], details: str = "scripted") -> bytes:
    """A `MutateRowsResponse` that gives each entry, by its number, a code of `google.rpc.Code`."""
    entries = [{"index": index, "status": {"code": code, "message": details}} for index, code in codes.items()]
    message: bytes = MutateRowsResponse.serialize(MutateRowsResponse(entries=entries))
    return message


def take_all(request: bytes) -> Iterator[bytes]:
    """Take every entry of a `MutateRowsRequest`."""
    yield statuses(dict.fromkeys(range(len(MutateRowsRequest.deserialize(request).entries)), 0), "")


def sample(key: bytes, offset: int) -> bytes:
    """A `SampleRowKeysResponse`."""
    message: bytes = SampleRowKeysResponse.serialize(SampleRowKeysResponse(row_key=key, offset_bytes=offset))
    return message
