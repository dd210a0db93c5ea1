"""libpq's connection parameters for a database; for Cloud SQL a proxy is started."""

from transforms.cloud_sql import endpoint
from transforms.postgres.server.database import Database

# A dead peer is noticed in about two minutes, even during a COPY. The URL's parameters have precedence.
TRANSPORT = {
    "connect_timeout": "20",
    "keepalives": "1",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "120000",
}
PROXY_SECONDS = "40"
"""Seconds that libpq waits for a session through a proxy, which itself gives up after 30 s and then says why."""


def conninfo(database: Database) -> dict[str, str]:
    """The parameters of libpq for a connection from this process, by name, without a password.

    A Cloud SQL instance's proxy is started if this process has not started it yet.

    Raises:
        UnreachableError, UsageError: if the proxy cannot be started; see `endpoint.endpoint`.
    """
    where = {**TRANSPORT, **_where(database)}
    return {**where, "user": database.user, "dbname": database.name, **dict(database.parameters)}


def _where(database: Database) -> dict[str, str]:
    port = str(database.port)
    if database.cloud_sql is None:
        return {"host": database.host, "port": port}
    folder = endpoint.endpoint(database.cloud_sql, database.iam_auth)
    # An address in PGHOSTADDR would have precedence over the host.
    return {"host": folder, "hostaddr": "", "port": port, "connect_timeout": PROXY_SECONDS}
