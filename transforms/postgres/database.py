"""A PostgreSQL database: where it is and as whom it is opened, without any secret."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from transforms.identity import Identity

ROOM = "postgres"


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a server; it may be pickled and printed, for it holds no secret.

    Attributes:
        host: Host name, address, or the absolute path of the folder of a Unix-domain socket.
        port: TCP port, or the number in the socket's name.
        user: The role that is logged in.
        name: The database's exact name.
        parameters: Further parameters of libpq, such as `sslmode`, in the order given.
        password_secret: Secret Manager's name of the password's version, or None.
        iam_auth: Whether the password is an access token of the account that runs this.
    """

    host: str
    port: int
    user: str
    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    password_secret: str | None = None
    iam_auth: bool = False

    def identity(self) -> Identity:
        """Who it is, whoever logs in."""
        return Identity(ROOM, (("host", self.host), ("port", str(self.port)), ("database", self.name)))

    def url(self) -> str:
        """Its URL for people; a password was never part of it."""
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("/") else quote(self.host, safe="")
        query = f"?{urlencode(self.parameters, quote_via=quote)}" if self.parameters else ""
        return f"postgresql://{quote(self.user, safe='')}@{host}:{self.port}/{quote(self.name, safe='')}{query}"

    def conninfo(self) -> dict[str, str]:
        """What libpq needs to find it, by libpq's names, without a password."""
        return {
            "host": self.host,
            "port": str(self.port),
            "user": self.user,
            "dbname": self.name,
            **dict(self.parameters),
        }

    def __str__(self) -> str:
        """Its URL."""
        return self.url()
