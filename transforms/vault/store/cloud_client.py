"""This process's connection to Cloud Storage, and its policy of retries."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import google.auth
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter

from transforms.errors import UnreachableError
from transforms.process_registry import ProcessRegistry

EMULATOR = "STORAGE_EMULATOR_HOST"
"""The variable with which Google's client libraries use an emulator; its value begins with `http://`."""

TIMEOUT = (20.0, 60.0)
"""Timeout in seconds for connecting, and for a pause within a request or answer."""

# Without it, the library (3.17) requests the bucket itself in another thread, which a writer has no right to.
_NO_BUCKET_METADATA = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
# With more threads than this, none waits; the additional connections are just not kept open.
_THREADS = 32


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is retried while the store is busy or does not answer.

    Attributes:
        seconds: Total time.
        first_pause: Most seconds before the first retry; pauses are random, and each next one may be twice
            as long.
        longest_pause: Most seconds of any pause.
    """

    seconds: float = 120.0
    first_pause: float = 1.0
    longest_pause: float = 32.0

    def of_stream(self) -> "Patience":
        """Five times as long: if a stream breaks, everything is lost, with what was read from the database for it."""
        return replace(self, seconds=5 * self.seconds)

    def retry(self) -> Retry:
        """As the client library's `Retry`; the library knows what to retry: 408, 429, 5xx, and lost connections.

        Source: https://cloud.google.com/storage/docs/retry-strategy
        """
        retry: Retry = DEFAULT_RETRY.with_delay(self.first_pause, self.longest_pause, 2.0).with_timeout(self.seconds)
        return retry


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Cloud:
    """Google's client, and the session that it uses, with credentials and open connections."""

    client: Client
    session: AuthorizedSession


_CLOUDS = ProcessRegistry[str | None, Cloud]()
"""Connections by emulator; None for Cloud Storage itself."""


def cloud() -> Cloud:
    """This process's connection; made at the first call, and again if another emulator is named.

    Raises:
        UnreachableError: if there are no credentials, or the metadata server does not answer.
    """
    emulator = os.environ.get(EMULATOR)
    with _CLOUDS.held() as clouds:
        if emulator not in clouds:
            clouds.clear()
            clouds[emulator] = _connected(emulator)
        return clouds[emulator]


def _connected(emulator: str | None) -> Cloud:
    os.environ.setdefault(_NO_BUCKET_METADATA, "true")
    with _explained():
        credentials = AnonymousCredentials() if emulator else google.auth.default(scopes=[_SCOPE])[0]
        return _connect(credentials)


def _connect(credentials: Credentials) -> Cloud:
    session = AuthorizedSession(credentials)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_THREADS))
    # Nothing here depends on the project, but the client would look for one. It asks the credentials for their
    # universe, and those of a machine of Google Cloud ask the metadata server.
    return Cloud(Client(project="shardkeep", credentials=credentials, _http=session), session)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except TransportError as error:
        raise UnreachableError(
            f"Google's metadata server does not tell the credentials for Cloud Storage: {str(error).rstrip('.')}. Check"
            " that this machine has a service account and may reach the metadata server, then run again."
        ) from error
    except (GoogleAuthError, OSError) as error:
        raise UnreachableError(
            f"No credentials for Cloud Storage: {str(error).rstrip('.')}. Run `gcloud auth application-default login`,"
            " or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account."
        ) from error
