"""Parses the URL of a database, as libpq defines it in "Connection URIs", without what Shardkeep decides itself.

libpq's own parser (`psycopg.conninfo.conninfo_to_dict`) cannot be used: its errors repeat parts of the URL, which may
be a password, and of two values it silently uses the last.
"""

import re
from difflib import get_close_matches
from urllib.parse import SplitResult, unquote, urlsplit

from transforms.cloud_sql.instance import CloudSql
from transforms.errors import UsageError
from transforms.postgres.server.database import Database

FORM = "postgresql://USER@HOST:PORT/DB"
CLOUD_SQL_FORM = "postgresql://USER@/DB"
SCHEMES = ("postgresql", "postgres")
PORT = 5432
# libpq's parameters for reaching and trusting a server. The others choose what is read, or contain a secret.
PARAMETERS = (
    "channel_binding",
    "connect_timeout",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "passfile",
    "require_auth",
    "requirepeer",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
)
# Those that still have a meaning on the local socket of a proxy, which itself reaches and trusts the server.
PROXY_PARAMETERS = ("connect_timeout", "max_protocol_version", "min_protocol_version", "passfile", "require_auth")
SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
SECRET = re.compile(r"projects/[\w:.-]+/secrets/[\w-]+/versions/[\w-]+", re.ASCII)
WAYS = (
    "Give it in the environment variable PGPASSWORD, in a pgpass file,"
    " with --password_secret=projects/P/secrets/S/versions/V, or log in with --iam_auth."
)


def parse_database(
    url: str, password_secret: str | None = None, iam_auth: bool = False, cloud_sql: CloudSql | None = None
) -> Database:
    """The database that `--database`, `--password_secret` and `--iam_auth` name, and the instance that it is in.

    The URL is never repeated in an error: it may contain a password in a wrong place.

    Raises:
        UsageError: if the URL is not one of a single database and user, holds a password, or has a parameter that is
            unknown or not the user's to choose; if there are two ways to a password; or if a Cloud SQL instance and
            the URL both say where the database is.
    """
    if password_secret is not None:
        _check_secret(password_secret, iam_auth)
    split = _split(url)
    if cloud_sql is not None:
        _check_instance_is_all(split)
    return Database(
        host=_host(split) if cloud_sql is None else "",
        port=_port(split) if cloud_sql is None else PORT,
        user=_user(split),
        name=_name(split),
        parameters=_parameters(split),
        password_secret=password_secret,
        iam_auth=iam_auth,
        cloud_sql=cloud_sql,
    )


def _check_instance_is_all(split: SplitResult) -> None:
    if split.netloc.rpartition("@")[2]:
        raise UsageError(f"--database names a host or a port, and so does --cloud_sql_instance: write {CLOUD_SQL_FORM}")
    for name, _ in _parameters(split):
        if name not in PROXY_PARAMETERS:
            raise UsageError(
                f"--database takes no parameter {name} with --cloud_sql_instance, whose proxy reaches the server and"
                f" encrypts all: leave it out. Left are {', '.join(PROXY_PARAMETERS)}."
            )


def _check_secret(name: str, iam_auth: bool) -> None:
    if iam_auth:
        raise UsageError("--password_secret and --iam_auth are two ways to log in: choose one")
    if not SECRET.fullmatch(name):
        raise UsageError("--password_secret is no name of a version: write projects/P/secrets/S/versions/V")


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
    except ValueError:
        raise UsageError(f"--database is no URL: write {FORM}") from None
    if split.scheme not in SCHEMES or not url.startswith(f"{split.scheme}://"):
        raise UsageError(f"--database is no URL of PostgreSQL: write {FORM}")
    if split.fragment or "#" in url:
        raise UsageError(f"--database: write # as %23: {FORM}")
    return split


def _user(split: SplitResult) -> str:
    userinfo, at, _ = split.netloc.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    if colon:
        raise UsageError(f"--database holds a password, which others can see. {WAYS}")
    if not at or not user:
        raise UsageError(f"--database names no user: write {FORM}")
    return _text(user, "user")


def _host(split: SplitResult) -> str:
    address = split.netloc.rpartition("@")[2]
    if "," in address:
        raise UsageError("--database names several hosts; a backup is of one: name it")
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+(?:%25\w+)?)\](?::.*)?", address)
    host = _text(bracketed[1] if bracketed else address.partition(":")[0], "host")
    if not host:
        raise UsageError(
            f"--database names no host: write {FORM}, with a socket's folder as %2Fvar%2Frun%2Fpostgresql; or give"
            " --cloud_sql_instance"
        )
    return host


def _port(split: SplitResult) -> int:
    port = re.sub(r".*@|\[.*?\]", "", split.netloc, flags=re.DOTALL).partition(":")[2]
    if port and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise UsageError(f"--database: the port is no number from 1 to 65535: write {FORM}")
    return int(port or PORT)


def _name(split: SplitResult) -> str:
    name = split.path.removeprefix("/")
    if not name:
        raise UsageError(f"--database names no database: write {FORM}")
    if "/" in name:
        raise UsageError("--database: write a / in the database's name as %2F")
    return _text(name, "database's name")


def _parameters(split: SplitResult) -> tuple[tuple[str, str], ...]:
    parts = [part.partition("=") for part in split.query.split("&")] if split.query else []
    if not all(equals for _, equals, _ in parts):
        raise UsageError("--database: what follows the ? is not NAME=VALUE&NAME=VALUE")
    for name, _, _ in parts:
        _check_parameter(name)
    if len({name for name, _, _ in parts}) < len(parts):
        raise UsageError("--database gives a parameter twice")
    return tuple((name, _text(value, name)) for name, _, value in parts)


def _check_parameter(name: str) -> None:
    if name in SECRETS:
        raise UsageError(f"--database holds a {name}, which others can see. {WAYS}")
    if name not in PARAMETERS:
        near = get_close_matches(name, PARAMETERS, 1)
        advice = f"did you mean {near[0]}?" if near else f"it takes {', '.join(PARAMETERS)}."
        word = name if re.fullmatch("[a-z_]{1,40}", name) else "of that name"
        raise UsageError(f"--database takes no parameter {word}: {advice}")


def _text(quoted: str, what: str) -> str:
    try:
        text = unquote(quoted, errors="strict")
    except UnicodeDecodeError:
        raise UsageError(f"--database: the {what} is not UTF-8, percent-encoded") from None
    if "\0" in text:
        raise UsageError(f"--database: the {what} holds a NUL")
    return text
