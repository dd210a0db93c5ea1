"""After any faults, in any order, an object is whole and exact, or not there, and a read is exact, or an error."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.gcs_faults import ANY, QUANTUM, AnswerCut, AnswerLost, Fault, PartKept, Refused, RequestCut
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import HASTY, SIZE, new_store
from tests.transforms.vault.store_conformance import BYTES, content, pieces, stream
from transforms.errors import ShardkeepError

SIZES = st.sampled_from([0, 1, QUANTUM - 1, QUANTUM, QUANTUM + 1, 3 * QUANTUM, SIZE])
KEPT = st.sampled_from([0, 1, QUANTUM - 1, QUANTUM, 2 * QUANTUM])
STATUSES = st.sampled_from([400, 401, 403, 404, 408, 410, 412, 429, 500, 503])
FAULTS = st.one_of(
    st.none(),
    STATUSES.map(Refused),
    st.just(AnswerLost()),
    KEPT.map(RequestCut),
    KEPT.map(PartKept),
    KEPT.map(AnswerCut),
)


@contextmanager
def faulty(gcs: Gate, faults: list[Fault | None]) -> Iterator[None]:
    """Let faults befall the next requests; none is left over for those that come after."""
    gcs.faults.plan(ANY, *faults)
    try:
        yield
    finally:
        gcs.faults.clear()


@settings(max_examples=150)
@given(size=SIZES, by_put=st.booleans(), faults=st.lists(FAULTS, max_size=12))
def test_after_any_faults_an_object_is_whole_or_not_there(
    gcs: Gate, size: int, by_put: bool, faults: list[Fault | None]
) -> None:
    gcs.clear()
    store, data = new_store(gcs, patience=HASTY), content(size)
    try:
        with faulty(gcs, faults):
            store.put("a", data) if by_put else stream(store, "a", *pieces(data))
        succeeded = True
    except ShardkeepError:
        succeeded = False
    there = list(store.list(""))
    assert there in (["a"], [])
    assert there or not succeeded
    assert not there or store.read("a") == data


@settings(max_examples=60)
@given(start=st.integers(0, 20), length=st.none() | st.integers(0, 20), faults=st.lists(FAULTS, max_size=6))
def test_after_any_faults_a_read_is_exact_or_an_error(
    gcs: Gate, start: int, length: int | None, faults: list[Fault | None]
) -> None:
    gcs.clear()
    store = new_store(gcs, patience=HASTY)
    store.put("a", BYTES)
    try:
        with faulty(gcs, faults):
            assert store.read("a", start, length) == BYTES[start:][:length]
    except ShardkeepError:
        # The library does not read the words of a refusal again, such as that of a range, if they are cut.
        assert any(isinstance(fault, Refused | AnswerCut) for fault in faults)
