"""The command line and environment of the Cloud SQL Auth Proxy, version 2.

Source of the flags and variables: docs/cmd/cloud-sql-proxy.md of github.com/GoogleCloudPlatform/cloud-sql-proxy.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from transforms.cloud_sql.instance import PRIVATE, PSC, PUBLIC, CloudSql
from transforms.errors import UnreachableError

PROGRAM = "cloud-sql-proxy"
SOCKET = ".s.PGSQL.5432"
"""The socket's name, which libpq and the proxy agree on; its number is libpq's port."""
LONGEST_PATH = 103
"""Bytes of a socket's path without its NUL: sun_path has 104 on macOS and BSD, 108 on Linux (unix(4), unix(7))."""
# Variables by which a user chooses the account and the service's address. The others would move the socket, open ports
# that two proxies cannot share, or contradict Shardkeep's options.
_KEPT = frozenset(
    f"CSQL_PROXY_{name}"
    for name in (
        "CREDENTIALS_FILE",
        "GCLOUD_AUTH",
        "IMPERSONATE_SERVICE_ACCOUNT",
        "JSON_CREDENTIALS",
        "LAZY_REFRESH",
        "LOGIN_TOKEN",
        "QUOTA_PROJECT",
        "SQLADMIN_API_ENDPOINT",
        "TOKEN",
        "UNIVERSE_DOMAIN",
    )
)
_IP_FLAGS = {PUBLIC: [], PRIVATE: ["--private-ip"], PSC: ["--psc"]}


def command(cloud_sql: CloudSql, iam_auth: bool, folder: Path) -> list[str]:
    """The proxy's arguments, without secrets: one socket in `folder`, which it creates, and only errors printed.

    Raises:
        UnreachableError: if the program is not on the PATH.
    """
    flags = [*_IP_FLAGS[cloud_sql.ip], *(["--auto-iam-authn"] if iam_auth else [])]
    instance = f"{cloud_sql.instance}?unix-socket-path={quote(str(folder))}"
    return [*_ended_with_us(), _program(), "--quiet", *flags, instance]


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The proxy's environment: ours without PostgreSQL's variables and the proxy's settings that `command` decides."""
    return {name: value for name, value in ours.items() if name in _KEPT or not name.startswith(("CSQL_PROXY_", "PG"))}


def _program() -> str:
    path = shutil.which(PROGRAM)
    if path is None:
        raise UnreachableError(
            f"--cloud_sql_instance needs Google's program {PROGRAM} (version 2) on the PATH of every machine that opens"
            " sessions. Install it: https://github.com/GoogleCloudPlatform/cloud-sql-proxy#installation."
            " Shardkeep's image has it."
        )
    return path


def _ended_with_us() -> list[str]:
    """A prefix that lets Linux end the proxy when the thread that started it is gone, as after kill -9.

    It is util-linux's setpriv, since Python code must not run between fork and exec while other threads do.
    Elsewhere, as on macOS, the proxy outlives a command that was killed with -9.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
