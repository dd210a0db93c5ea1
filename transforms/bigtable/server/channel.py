"""The gRPC channel over which rows are read and written as raw bytes.

The client library's channel is not used, because the library parses each message into objects. Ours has
the library's credentials and options (`google.cloud.bigtable_v2` transports) and, like the library's, is
replaced before the service closes it; a stream that runs on the old one is not interrupted.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import google.auth
import grpc
from google.auth.transport.grpc import secure_authorized_channel
from google.auth.transport.requests import Request
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport
from google.cloud.bigtable_v2.services.bigtable.transports import BigtableGrpcTransport

from transforms.bigtable.server import emulator
from transforms.bigtable.server.errors import translated
from transforms.process_registry import ProcessRegistry

MOST_AGE = 45 * 60.0
"""Seconds after which a channel is replaced; the service closes connections after an hour."""

_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of Bigtable: its host, and the OAuth scopes that its calls need."""

    host: str
    scopes: tuple[str, ...]


DATA = Service(BigtableGrpcTransport.DEFAULT_HOST, tuple(BigtableGrpcTransport.AUTH_SCOPES))
ADMIN = Service(BigtableTableAdminGrpcTransport.DEFAULT_HOST, tuple(BigtableTableAdminGrpcTransport.AUTH_SCOPES))


@dataclass
class _Lease:
    channel: grpc.Channel
    opened: float
    streams: int = 0
    retired: bool = False


@dataclass
class ChannelKeeper:
    """Keeps one channel open, and each older one as long as a stream runs on it."""

    most_age: float = MOST_AGE
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _current: _Lease | None = None

    @contextmanager
    def stream(self) -> Iterator[grpc.Channel]:
        """A channel for one stream, which stays open until the block ends."""
        lease = self._take()
        try:
            yield lease.channel
        finally:
            self._give_back(lease)

    def _take(self) -> _Lease:
        with self._lock:
            if self._current is None or time.monotonic() - self._current.opened > self.most_age:
                self._retire(self._current)
                self._current = _Lease(open_channel(), time.monotonic())
            self._current.streams += 1
            return self._current

    def _give_back(self, lease: _Lease) -> None:
        with self._lock:
            lease.streams -= 1
            if lease.retired and not lease.streams:
                lease.channel.close()

    def _retire(self, lease: _Lease | None) -> None:
        if lease is not None:
            lease.retired = True
            if not lease.streams:
                lease.channel.close()


def open_channel(service: Service = DATA) -> grpc.Channel:
    """A new channel to a service, or to the emulator that `BIGTABLE_EMULATOR_HOST` names.

    Raises:
        UnreachableError: if there are no credentials.
    """
    if emulator.host():
        return grpc.insecure_channel(emulator.host(), options=(*_OPTIONS, ("grpc.enable_http_proxy", 0)))
    with translated(f"Connecting to {service.host}"):
        credentials, _ = google.auth.default(scopes=service.scopes)
    channel: grpc.Channel = secure_authorized_channel(credentials, Request(), f"{service.host}:443", options=_OPTIONS)
    return channel


_KEEPERS = ProcessRegistry[str, ChannelKeeper]()


def keeper() -> ChannelKeeper:
    """The keeper of this process: one for the service and one for each emulator."""
    with _KEEPERS.held() as keepers:
        return keepers.setdefault(emulator.host(), ChannelKeeper())
