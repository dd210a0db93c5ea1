"""Waits grow and are bounded; progress begins them anew; only what passes by itself is tried again."""

import time

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.scripted_bigtable import Abort, scripted_bigtable
from transforms.bigtable.server.retry import Retries, RetryPolicy, is_transient
from transforms.bigtable.server.rpc_errors import rpc_error

POLICY = RetryPolicy(first_wait=1.0, longest_wait=10.0, patience=100.0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited: the clock's word, not the time itself."""
    waited: list[float] = []
    monkeypatch.setattr("transforms.bigtable.server.retry.time.sleep", waited.append)
    return waited


def test_a_wait_is_below_a_bound_that_doubles_up_to_the_longest(waits: list[float]) -> None:
    for _ in range(200):
        retries = Retries(POLICY)
        for _ in range(6):
            retries.wait()
    bounds = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    longest = [max(waits[number::6]) for number in range(6)]
    assert all(wait >= 0 for wait in waits)
    assert all(bound * 0.8 < wait <= bound for wait, bound in zip(longest, bounds, strict=True))


def test_no_wait_goes_beyond_the_patience(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("transforms.bigtable.server.retry.time.monotonic", lambda: now)
    retries = Retries(RetryPolicy(first_wait=1e9, longest_wait=1e9, patience=100.0))
    now += 70.0
    retries.wait()
    now += 70.0
    retries.wait()
    assert waits == [pytest.approx(30.0, abs=1.0), 0.0]


def test_progress_begins_the_waits_anew(waits: list[float]) -> None:
    retries = Retries(POLICY)
    for _ in range(200):
        retries.wait()
        retries.progress()
    assert max(waits) <= 1.0


def test_any_number_of_waits_is_possible(waits: list[float]) -> None:
    retries = Retries(POLICY)
    for _ in range(2000):
        retries.wait()
    assert len(waits) == 2000
    assert max(waits) <= 10.0


def test_the_patience_begins_with_the_operation_and_anew_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0  # whole seconds: of others a difference need not be exact
    monkeypatch.setattr("transforms.bigtable.server.retry.time.monotonic", lambda: now)
    retries = Retries(POLICY)
    now += 100.0
    assert not retries.exhausted()
    now += 1.0
    assert retries.exhausted()
    retries.progress()
    now += 100.0
    assert not retries.exhausted()


def failure(code: grpc.StatusCode, details: str) -> grpc.RpcError:
    """The error that a client has when a server ends a call like this."""
    with scripted_bigtable() as server, grpc.insecure_channel(server.host) as channel:
        server.play("ReadRows", [Abort(code, details)])
        with pytest.raises(grpc.RpcError) as caught:
            list(channel.unary_stream("/google.bigtable.v2.Bigtable/ReadRows", None, None)(b"", timeout=120))
    return caught.value


@pytest.mark.parametrize(
    ("code", "details", "transient"),
    [
        (grpc.StatusCode.UNAVAILABLE, "", True),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", True),
        (grpc.StatusCode.ABORTED, "", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", True),
        (grpc.StatusCode.CANCELLED, "", True),
        (grpc.StatusCode.INTERNAL, "RST_STREAM closed stream", True),
        (grpc.StatusCode.INTERNAL, "Received Rst stream", True),
        (grpc.StatusCode.INTERNAL, "received unexpected EOS on DATA frame", True),
        (grpc.StatusCode.INTERNAL, "HTTP/2 connection closed", True),
        (grpc.StatusCode.INTERNAL, "a fault", False),
        (grpc.StatusCode.INTERNAL, "", False),
        (grpc.StatusCode.PERMISSION_DENIED, "connection closed", False),
        (grpc.StatusCode.NOT_FOUND, "", False),
        (grpc.StatusCode.FAILED_PRECONDITION, "", False),
        (grpc.StatusCode.INVALID_ARGUMENT, "", False),
        (grpc.StatusCode.UNAUTHENTICATED, "", False),
        (grpc.StatusCode.DATA_LOSS, "", False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(
    code: grpc.StatusCode, details: str, transient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = failure(code, details)
    assert is_transient(error) is transient
    assert str(rpc_error(error, "here")).startswith(f"here: {code.name}: {details or 'no details'}. ")


@given(st.floats(0.001, 10), st.floats(0.001, 10), st.integers(0, 50))
def test_no_wait_passes_the_longest(first: float, longest: float, tries: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        waited: list[float] = []
        patch.setattr("transforms.bigtable.server.retry.time.sleep", waited.append)
        retries = Retries(RetryPolicy(first_wait=first, longest_wait=longest))
        for _ in range(tries):
            retries.wait()
    assert all(0 <= wait <= min(longest, first * 2**number) for number, wait in enumerate(waited))
