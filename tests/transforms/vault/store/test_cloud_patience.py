"""How long requests are tried again: those of a stream longer, for more would be lost."""

import pytest
from google.api_core.retry import Retry

from tests.servers.gcs_gate import Gate
from tests.transforms.vault.store_conformance import BYTES, stream
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.cloud_client import Patience


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The patience of all requests to come."""
    tried: list[float] = []
    retry = Patience.retry

    def recorded(patience: Patience) -> Retry:
        tried.append(patience.seconds)
        return retry(patience)

    monkeypatch.setattr(Patience, "retry", recorded)
    return tried


def test_a_request_of_its_own_is_tried_for_two_minutes(gate: Gate, seconds: list[float]) -> None:
    store = CloudStore(gate.new_bucket())
    store.put("a", BYTES)
    assert (store.read("a"), store.stat("a").size, list(store.list(""))) == (BYTES, len(BYTES), ["a"])
    assert set(seconds) == {120.0}


def test_requests_of_a_stream_are_tried_for_ten(gate: Gate, seconds: list[float]) -> None:
    store = CloudStore(gate.new_bucket())
    stream(store, "a", BYTES)
    assert set(seconds) == {600.0}
    assert store.read("a") == BYTES
