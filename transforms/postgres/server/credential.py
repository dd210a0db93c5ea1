"""A database's password: fetched when a session is opened, and kept only in this process's memory."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from transforms.errors import IntegrityError, NotFoundError, UnreachableError
from transforms.postgres.server.database import Database
from transforms.process_registry import ProcessRegistry

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.secretmanager import SecretManagerServiceClient

# https://developers.google.com/identity/protocols/oauth2/scopes: log in to Cloud SQL, and nothing else.
LOGIN_SCOPE = "https://www.googleapis.com/auth/sqlservice.login"
SECONDS = 20.0
"""Seconds for requesting a secret or a token, retries included."""
_CREDENTIALS = ProcessRegistry[str, "Credentials"]()
"""Credentials by scope."""


def password_of(database: Database) -> str | None:
    """The password; None if libpq should look in PGPASSWORD and the user's pgpass file.

    It is also None if a Cloud SQL instance's proxy logs the account in.

    Raises:
        NotFoundError: if the secret, or this version of it, does not exist.
        UnreachableError: if the secret may not be read, the service does not answer, or there are no credentials.
        IntegrityError: if the secret is not as it was stored, or is not text.
    """
    if database.password_secret is not None:
        return secret_text(database.password_secret)
    return login_token() if database.iam_auth and database.cloud_sql is None else None


@lru_cache(maxsize=16)
def secret_text(name: str, client: "Callable[[], SecretManagerServiceClient] | None" = None) -> str:
    """The text of a secret's version, without the line break at the end that `echo` adds; requested once.

    Args:
        name: `projects/P/secrets/S/versions/V`.
        client: Makes Secret Manager's client; by default one with the account's credentials.

    Raises:
        NotFoundError, UnreachableError, IntegrityError: see `password_of`.
    """
    payload = _fetched(name, client or _secret_manager)
    try:
        return str(payload.decode("utf-8")).removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise IntegrityError(f"{name} is no password: it is not UTF-8 text. Store a new version of it.") from None


def _secret_manager() -> "SecretManagerServiceClient":
    from google.cloud.secretmanager import SecretManagerServiceClient

    return SecretManagerServiceClient()


def _fetched(name: str, client: "Callable[[], SecretManagerServiceClient]") -> bytes:
    import google_crc32c
    from google.api_core import exceptions
    from google.api_core.retry import Retry, if_exception_type
    from google.auth.exceptions import GoogleAuthError

    again = Retry(if_exception_type(exceptions.ResourceExhausted, exceptions.ServiceUnavailable), timeout=SECONDS)
    try:
        payload = client().access_secret_version(name=name, retry=again, timeout=SECONDS).payload
    except exceptions.NotFound as error:
        raise NotFoundError(
            f"{name}: {error.message.rstrip('.')}. Check the names of project, secret and version."
        ) from error
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
        advice = "Give the account that runs this the role roles/secretmanager.secretAccessor, and check the network."
        raise UnreachableError(f"{name}: {str(error).rstrip('.')}. {advice}") from error
    if google_crc32c.value(payload.data) != payload.data_crc32c:
        raise IntegrityError(f"{name}: the secret was damaged on its way. Run again.")
    return bytes(payload.data)


def login_token() -> str:
    """An access token of the account that runs this, for Cloud SQL; a new one when the last one expires.

    Raises:
        UnreachableError: if there are no credentials, or no token for them.
    """
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        with _CREDENTIALS.held() as known:
            credentials = known[LOGIN_SCOPE] = known.get(LOGIN_SCOPE) or _credentials()
            if not credentials.valid:
                credentials.refresh(partial(Request(), timeout=SECONDS))
            return str(credentials.token)
    except GoogleAuthError as error:
        advice = "Log in with `gcloud auth application-default login`, or give the job an account."
        raise UnreachableError(
            f"--iam_auth: no token of a Google account: {str(error).rstrip('.')}. {advice}"
        ) from error


def _credentials() -> "Credentials":
    import google.auth

    credentials: Credentials = google.auth.default(scopes=[LOGIN_SCOPE])[0]
    return credentials
