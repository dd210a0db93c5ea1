"""The one connection of this process to Cloud Storage, and how patiently it asks."""

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
"""The variable by which Google's client libraries are sent to an emulator; its value begins with `http://`."""

TIMEOUT = (20.0, 60.0)
"""Seconds for connecting, and for a pause within a request or answer."""

# Without it, the library (3.17) asks for the bucket itself in a thread of its own, which a writer has no right to.
_NO_BUCKET_METADATA = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
# More threads than this wait for nobody; their further connections are just not kept open.
_THREADS = 32


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request is tried again while the store answers that it is busy, or not at all.

    Attributes:
        seconds: In all.
        first_pause: Most seconds before the first repetition; the pause is random, and the next ones may each be twice
            as long.
        longest_pause: Most seconds of any.
    """

    seconds: float = 120.0
    first_pause: float = 1.0
    longest_pause: float = 32.0

    def of_stream(self) -> "Patience":
        """Five times as long: of a stream that breaks all is lost, what was read from the database for it too."""
        return replace(self, seconds=5 * self.seconds)

    def retry(self) -> Retry:
        """As the client library takes it, which knows what is worth a repetition: 408, 429, 5xx, and lost connections.

        Source: https://cloud.google.com/storage/docs/retry-strategy
        """
        retry: Retry = DEFAULT_RETRY.with_delay(self.first_pause, self.longest_pause, 2.0).with_timeout(self.seconds)
        return retry


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Cloud:
    """Google's client, and the session with its credentials and open connections that it works with."""

    client: Client
    session: AuthorizedSession


_CLOUDS = ProcessRegistry[str | None, Cloud]()
"""By emulator, each of which is a place of its own; None for Cloud Storage itself."""


def cloud() -> Cloud:
    """The connection of this process; made at the first call, and anew where another emulator is named.

    Raises:
        UnreachableError: if there are no credentials, or the metadata server does not tell of them.
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
