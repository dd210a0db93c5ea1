"""The client for admin calls about tables, one for each process, and its retries."""

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud.bigtable_admin_v2 import BaseBigtableTableAdminClient
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport

from transforms.bigtable.server import credentials, emulator
from transforms.bigtable.server.channel import ADMIN, open_channel
from transforms.process_registry import ProcessRegistry

ATTEMPT = 60.0
"""Most seconds for one attempt of a call."""

_PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.ResourceExhausted,
    exceptions.Aborted,
)
_CLIENTS = ProcessRegistry[str, BaseBigtableTableAdminClient]()


def client() -> BaseBigtableTableAdminClient:
    """Google's client, on our channel; one for the service and one for each emulator.

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
    """Retries for `deadline` seconds of errors that pass, such as an exhausted quota; every call is idempotent."""
    return Retry(predicate=_passes, initial=0.5, maximum=10.0, multiplier=2.0, timeout=deadline)


def _passes(error: Exception) -> bool:
    return isinstance(error, _PASSING) and not credentials.refused(str(error))
