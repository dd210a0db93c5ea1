"""A Cloud SQL instance: its name and the address that it is reached at."""

import re
from dataclasses import dataclass

from transforms.errors import UsageError

PUBLIC, PRIVATE, PSC = "public", "private", "psc"
IPS = (PUBLIC, PRIVATE, PSC)
"""The kinds of address that an instance may have. The public one is the default of Google's Auth Proxy and connectors,
and what a new instance gets: what works with them works here unchanged."""
# Its "connection name". A project of a domain is example.com:project; the parts' characters are those that the consoles
# of projects and instances take. None begins with a dash, nor holds what the proxy would take for parameters (?, &).
_INSTANCE = re.compile(r"(?:[a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]*:[a-z][a-z0-9-]*:[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class CloudSql:
    """An instance of Cloud SQL.

    Attributes:
        instance: Its connection name, `project:region:instance`.
        ip: One of `IPS`.
    """

    instance: str
    ip: str = PUBLIC


def parse_cloud_sql(instance: str, ip: str) -> CloudSql:
    """The instance that `--cloud_sql_instance` and `--cloud_sql_ip` name.

    Raises:
        UsageError: if the name is no connection name.
    """
    if not _INSTANCE.fullmatch(instance):
        raise UsageError(
            f"--cloud_sql_instance={instance!r} is no connection name: write PROJECT:REGION:INSTANCE, as printed by"
            " gcloud sql instances describe INSTANCE --format='value(connectionName)'"
        )
    return CloudSql(instance, ip)
