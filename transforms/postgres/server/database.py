"""A PostgreSQL database: its address and the role to connect as, without any secret."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from transforms.cloud_sql.instance import CloudSql
from transforms.identity import Identity

ROOM = "postgres"
IDLE_SECONDS = 600.0
"""Seconds of a server's silence before it is asked whether it works, unless an option says otherwise."""
MOST_IDLE_SECONDS = 2_000_000.0
"""Most seconds that poll(2) can wait: its milliseconds are an int."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a server; it contains no secret, so it may be pickled and printed.

    Attributes:
        host: Host name, address, or the absolute path of the folder of a Unix-domain socket; empty with `cloud_sql`.
        port: TCP port, or the number in the socket's name.
        user: The role that is logged in.
        name: The database's exact name.
        parameters: Further parameters of libpq, such as `sslmode`, in the order given.
        password_secret: Secret Manager's name of the password's version, or None.
        iam_auth: Whether the account that runs this is logged in: with an access token for a password, or by the
            proxy without any.
        cloud_sql: The Cloud SQL instance that it is in, if it is reached through Google's Auth Proxy.
        idle_timeout: Seconds of a server's silence after which it is asked whether it still works; see `silence`.
    """

    host: str
    port: int
    user: str
    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    password_secret: str | None = None
    iam_auth: bool = False
    cloud_sql: CloudSql | None = None
    idle_timeout: float = IDLE_SECONDS

    def identity(self) -> Identity:
        """Its identity, independent of the user and of which of an instance's addresses is used."""
        if self.cloud_sql is not None:
            return Identity(ROOM, (("cloud_sql_instance", self.cloud_sql.instance), ("database", self.name)))
        return Identity(ROOM, (("host", self.host), ("port", str(self.port)), ("database", self.name)))

    def url(self) -> str:
        """Its URL for people, which never contains a password. A Cloud SQL instance is among the parameters."""
        instance = [("cloud_sql_instance", self.cloud_sql.instance)] if self.cloud_sql else []
        parameters = urlencode(
            [*instance, *self.parameters], safe="" if self.cloud_sql is None else ":", quote_via=quote
        )
        query = f"?{parameters}" if parameters else ""
        return f"postgresql://{quote(self.user, safe='')}@{self._address()}/{quote(self.name, safe='')}{query}"

    def _address(self) -> str:
        if self.cloud_sql is not None:
            return ""
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("/") else quote(self.host, safe="")
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """Its URL."""
        return self.url()
