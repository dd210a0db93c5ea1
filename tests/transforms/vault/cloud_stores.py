"""Stores on Cloud Storage for tests, and a look at their buckets past them."""

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from tests.servers.gcs_faults import QUANTUM, Refused
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.store_conformance import content, pieces, stream
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.cloud_client import Patience

SIZE = 3 * QUANTUM + 5
"""Of an object that goes in four chunks."""
DATA = content(SIZE)
BUSY = Refused(503)
HURRIED = Patience(seconds=5, first_pause=0.001, longest_pause=0.01)
HASTY = Patience(seconds=0.1, first_pause=0.001, longest_pause=0.01)


def new_store(gate: Gate, folder: str = "backups/of shop", patience: Patience = HURRIED) -> CloudStore:
    """A store in a new bucket, which does not wait long and sends small chunks."""
    return CloudStore(gate.new_bucket(), folder, patience, QUANTUM)


def opened(store: CloudStore) -> Bucket:
    """Its bucket, by Google's library alone."""
    return Client(project="p", credentials=AnonymousCredentials()).bucket(store.bucket)


def write(store: CloudStore) -> None:
    """Create the object `a` of DATA."""
    stream(store, "a", *pieces(DATA))
