"""A new bucket behind the gate to Cloud Storage, as Google's own library opens it."""

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from tests.servers.gcs_gate import Gate


@pytest.fixture
def bucket(gate: Gate) -> Bucket:
    client = Client(project="p", credentials=AnonymousCredentials())
    return client.bucket(gate.new_bucket())
