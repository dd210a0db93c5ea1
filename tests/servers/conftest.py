"""The gate to Cloud Storage with a new bucket in it, as Google's own library opens it."""

from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Bucket, Client

from tests.servers.gcs_gate import Gate


@pytest.fixture
def gate(gcs: Gate) -> Iterator[Gate]:
    gcs.clear()
    yield gcs
    gcs.clear()


@pytest.fixture
def bucket(gate: Gate) -> Bucket:
    client = Client(project="p", credentials=AnonymousCredentials())
    return client.bucket(gate.new_bucket())
