"""What Google's real cloud-sql-proxy talks to, for tests: the Admin API of one instance, and the instance's TLS port.

The API is that of https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/connect. Behind the TLS port, which
is 3307 on every instance, is a PostgreSQL server of the tests.
"""

import itertools
import json
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.servers.cloud_sql_certificates import Authority, new_key
from tests.servers.postgres_server import PostgresServer

TLS_PORT = 3307
_ADDRESSES = itertools.count(2)


@dataclass
class Instance:
    """An instance with one address.

    Attributes:
        server: The PostgreSQL server behind it.
        project, region, name: The parts of its connection name.
        ip_type: The kind of its address: PRIMARY, which is public, or PRIVATE.
        url: The Admin API's.
        tokens: The access tokens that clients wanted in their certificates, None for those without.
        callers: The Authorization headers of all requests.
    """

    server: PostgresServer
    project: str = "my-project"
    region: str = "europe-west1"
    name: str = "main"
    ip_type: str = "PRIMARY"
    url: str = ""
    address: str = ""
    authority: Authority = field(default_factory=Authority)
    tokens: list[str | None] = field(default_factory=list)
    callers: list[str | None] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its resource's."""
        return f"/sql/v1beta4/projects/{self.project}/instances/{self.name}"

    def settings(self) -> dict[str, Any]:
        """ConnectSettings."""
        return {
            "kind": "sql#connectSettings",
            "backendType": "SECOND_GEN",
            "databaseVersion": f"POSTGRES_{self.server.binaries.major}",
            "region": self.region,
            "ipAddresses": [{"type": self.ip_type, "ipAddress": self.address}],
            "serverCaCert": {"cert": self.authority.pem},
        }

    def ephemeral(self, request: dict[str, Any]) -> dict[str, Any]:
        """GenerateEphemeralCertResponse."""
        self.tokens.append(request.get("access_token"))
        # The proxy writes a SubjectPublicKeyInfo under the heading of a PKCS #1 key.
        pem = request["public_key"].replace("RSA PUBLIC KEY", "PUBLIC KEY")
        key: Any = load_pem_public_key(pem.encode())
        return {"ephemeralCert": {"cert": self.authority.certificate("a client", key)}}


@contextmanager
def running(server: PostgresServer, folder: Path, ip_type: str = "PRIMARY") -> Iterator[Instance]:
    """An instance in front of a server; its certificate's key lies in `folder`."""
    instance = Instance(server, ip_type=ip_type)
    with ExitStack() as stack:
        instance.address = stack.enter_context(_tls_port(instance, folder))
        instance.url = stack.enter_context(_admin_api(instance))
        yield instance


@contextmanager
def _admin_api(instance: Instance) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == f"{instance.path}/connectSettings"
            self._answer(instance.settings() if found else None)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = self.path.partition("?")[0] == f"{instance.path}:generateEphemeralCert"
            self._answer(instance.ephemeral(request) if found else None)

        def _answer(self, answer: dict[str, Any] | None) -> None:
            instance.callers.append(self.headers["Authorization"])
            missing = {"error": {"code": 404, "message": "The Cloud SQL instance does not exist."}}
            body = json.dumps(missing if answer is None else answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as service:
        threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{service.server_address[1]}/"
        service.shutdown()


@contextmanager
def _tls_port(instance: Instance, folder: Path) -> Iterator[str]:
    context = _context(instance, folder)
    with _listener() as listener:
        threading.Thread(target=_take, args=(listener, context, instance.server), daemon=True).start()
        yield str(listener.getsockname()[0])
        listener.shutdown(socket.SHUT_RDWR)


def _listener() -> socket.socket:
    """On the fixed port of a loopback address that nobody else uses: all of 127.0.0.0/8 are this machine."""
    for number in _ADDRESSES:
        with suppress(OSError):
            return socket.create_server((f"127.0.{number % 250}.{number // 250 + 2}", TLS_PORT))
    raise AssertionError("no loopback address is free")


def _context(instance: Instance, folder: Path) -> ssl.SSLContext:
    """TLS with a certificate of the form "project:instance", and clients that have one of the same authority."""
    public, private = new_key()
    certificate = instance.authority.certificate(f"{instance.project}:{instance.name}", public)
    path = folder / "server.pem"
    path.write_text(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(path)
    context.load_verify_locations(cadata=instance.authority.pem)
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
