"""A Cloud SQL instance: its name and the kind of address to connect to."""

import re
from dataclasses import dataclass

from transforms.errors import UsageError

PUBLIC, PRIVATE, PSC = "public", "private", "psc"
IPS = (PUBLIC, PRIVATE, PSC)
"""The kinds of address of an instance. `public` is the default, as in Google's Auth Proxy and connectors, and is what
a new instance gets."""
# The "connection name". A project may belong to a domain: example.com:project. The characters are those that Google's
# console allows; no part begins with a dash or holds what starts the proxy's parameters (?, &).
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
        UsageError: if the name is not a connection name.
    """
    if not _INSTANCE.fullmatch(instance):
        raise UsageError(
            f"--cloud_sql_instance={instance!r} is not a connection name: write PROJECT:REGION:INSTANCE, as printed by"
            " gcloud sql instances describe INSTANCE --format='value(connectionName)'"
        )
    return CloudSql(instance, ip)
