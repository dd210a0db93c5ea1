"""What libpq needs to reach a database; for one of Cloud SQL that starts a proxy."""

from transforms.cloud_sql import endpoint
from transforms.postgres.server.database import Database

# A peer that is gone is noticed in about two minutes, also in the middle of a COPY. Parameters of the URL come first.
TRANSPORT = {
    "connect_timeout": "20",
    "keepalives": "1",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "120000",
}
PROXY_SECONDS = "40"
"""How long libpq waits for a session through a proxy, which itself gives up after 30 s and then says why."""


def conninfo(database: Database) -> dict[str, str]:
    """What libpq needs to reach a database, by libpq's names, without a password; now, and from this process.

    A Cloud SQL instance's proxy is started if this process has none that runs.

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
    # An address in PGHOSTADDR would come before the host.
    return {"host": folder, "hostaddr": "", "port": port, "connect_timeout": PROXY_SECONDS}
