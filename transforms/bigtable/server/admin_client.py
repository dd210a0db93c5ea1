"""The one connection of this process to the table administration, and how patiently it asks."""

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud.bigtable_admin_v2 import BaseBigtableTableAdminClient
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport

from transforms.bigtable.server import credentials, emulator
from transforms.bigtable.server.channel import ADMIN, open_channel
from transforms.process_registry import ProcessRegistry

ATTEMPT = 60.0
"""Most seconds that one try of a call may take."""

_PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
    exceptions.Aborted,
)
_CLIENTS = ProcessRegistry[str, BaseBigtableTableAdminClient]()


def client() -> BaseBigtableTableAdminClient:
    """The client library's own client, on a channel of ours; one for each emulator that was spoken to.

    Raises:
        UnreachableError: if there are no credentials.
    """
    with _CLIENTS.held() as clients:
        key = emulator.host()
        if key not in clients:
            transport = BigtableTableAdminGrpcTransport(channel=open_channel(ADMIN))
            clients[key] = BaseBigtableTableAdminClient(transport=transport)
        return clients[key]


def retry(deadline: float) -> Retry:
    """Retries of what passes by itself, a quota of requests that is used up among it; every call may be made twice."""
    return Retry(predicate=_passes, initial=0.5, maximum=10.0, multiplier=2.0, timeout=deadline)


def _passes(error: Exception) -> bool:
    return isinstance(error, _PASSING) and not credentials.refused(str(error))
