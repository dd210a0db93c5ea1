"""A relay between a client and a server that can freeze: it keeps its connections and passes nothing on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 1 << 16


class Relay:
    """Relays connections to a port of this machine.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._frozen: set[socket.socket] = set()
        self._takes_new = True
        self._left: int | None = None
        self._closed = threading.Event()
        self.froze = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self, *, new: bool = True) -> None:
        """Pass nothing on any more; new connections are taken and left without an answer, or work as before."""
        with self._lock:
            self._frozen.update(self._sockets)
            self._takes_new = not new
        self.froze.set()

    def freeze_after(self, size: int) -> None:
        """Freeze, new connections too, when so many bytes more have passed, in whichever direction."""
        self._left = size

    def close(self) -> None:
        """End everything."""
        self._closed.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._lock:
                self._sockets.append(client)
                takes = self._takes_new
            if takes:
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        with self._lock:
            self._sockets.append(server)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                self._count(len(data))
                if source in self._frozen:
                    self._closed.wait()
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _count(self, size: int) -> None:
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                self._left = None
                self.freeze()


@contextmanager
def relayed(target: int) -> Iterator[Relay]:
    """A relay to a port, closed at exit."""
    relay = Relay(target)
    relay.start()
    try:
        yield relay
    finally:
        relay.close()
