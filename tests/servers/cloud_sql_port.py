"""The TLS port of a Cloud SQL instance for tests, 3307 on every instance, with a PostgreSQL server behind it."""

import itertools
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.servers.cloud_sql_certificates import Authority, new_key
from tests.servers.postgres_server import PostgresServer
from transforms.errors import UnreachableError

TLS_PORT = 3307
TRIES = 250
"""Addresses that are tried for one instance."""
_NUMBERS = itertools.count(2)


@contextmanager
def listening(server: PostgresServer, authority: Authority, subject: str, folder: Path) -> Iterator[str]:
    """Take connections until exit; yields the address.

    Args:
        server: Where they lead to.
        authority: Of the certificates of both sides.
        subject: Whom the port's certificate names, in the form "project:instance".
        folder: Where the certificate and its key are put.

    Raises:
        UnreachableError: if no address has its port free.
    """
    context = _context(authority, subject, folder)
    with _listener() as listener:
        thread = threading.Thread(target=_take, args=(listener, context, server), daemon=True)
        thread.start()
        try:
            yield str(listener.getsockname()[0])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _listener() -> socket.socket:
    """On the fixed port of a loopback address that nobody else uses: all of 127.0.0.0/8 are this machine."""
    for number in itertools.islice(_NUMBERS, TRIES):
        with suppress(OSError):
            return socket.create_server((f"127.0.{number % 250}.{number // 250 + 2}", TLS_PORT))
    raise UnreachableError(
        f"Port {TLS_PORT} is free at none of {TRIES} loopback addresses. It may be taken at 0.0.0.0, by a "
        "cloud-sql-proxy of this machine: end what listens there."
    )


def _context(authority: Authority, subject: str, folder: Path) -> ssl.SSLContext:
    """TLS with a certificate, and clients that have one of the same authority."""
    public, private = new_key()
    path = folder / "server.pem"
    path.write_text(authority.certificate(subject, public) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(path)
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _take(listener: socket.socket, context: ssl.SSLContext, server: PostgresServer) -> None:
    with suppress(OSError):
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=_serve, args=(raw, context, server), daemon=True).start()


def _serve(raw: socket.socket, context: ssl.SSLContext, server: PostgresServer) -> None:
    with (
        raw,
        suppress(OSError),
        context.wrap_socket(raw, server_side=True) as client,
        socket.create_connection((server.host, server.port)) as database,
    ):
        _forward(client, database)


def _forward(client: ssl.SSLSocket, database: socket.socket) -> None:
    """Both ways until one side has enough; one thread for a TLS session, which takes no two calls at once."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, database)
        selector.register(database, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                source: Any = key.fileobj
                data = source.recv(1 << 16)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(1 << 16)
                if not data:
                    return
                key.data.sendall(data)
