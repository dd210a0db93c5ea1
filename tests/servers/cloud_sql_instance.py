"""What Google's real cloud-sql-proxy talks to, for tests: the Admin API of one instance, and the instance's TLS port.

The API is that of https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/connect.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.servers import cloud_sql_port, json_server
from tests.servers.cloud_sql_certificates import Authority
from tests.servers.json_server import Answer, Request
from tests.servers.postgres_server import PostgresServer


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

    def answer(self, request: Request) -> Answer:
        """Answer a request to the Admin API."""
        self.callers.append(request.headers["Authorization"])
        if (request.method, request.path) == ("GET", f"{self.path}/connectSettings"):
            return 200, self.settings()
        if (request.method, request.path) == ("POST", f"{self.path}:generateEphemeralCert"):
            return 200, self.ephemeral(request.json())
        return 404, {"error": {"code": 404, "message": "The Cloud SQL instance does not exist."}}


@contextmanager
def running(server: PostgresServer, folder: Path, ip_type: str = "PRIMARY") -> Iterator[Instance]:
    """An instance in front of a server; its certificate's key lies in `folder`.

    Raises:
        UnreachableError: if no address has its port free.
    """
    instance = Instance(server, ip_type=ip_type)
    subject = f"{instance.project}:{instance.name}"
    with (
        cloud_sql_port.listening(server, instance.authority, subject, folder) as instance.address,
        json_server.serving(instance.answer) as api,
    ):
        instance.url = f"http://{api}/"
        yield instance
