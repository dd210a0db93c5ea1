"""Whatever goes wrong on the way of a stream to Cloud Storage: it goes on, or is told and cancelled."""

import pytest

from tests.servers.gcs_faults import (
    QUANTUM,
    AnswerCut,
    AnswerLost,
    Fault,
    FieldsChanged,
    PartKept,
    RangeChanged,
    Refused,
    RequestCorrupt,
    RequestCut,
)
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import BUSY, DATA, HASTY, new_store, write
from tests.transforms.vault.store_conformance import content, pieces, raising, stream
from transforms.errors import IntegrityError, NotFoundError, UnreachableError
from transforms.vault.store.cloud import CloudStore


@pytest.fixture
def store(gate: Gate) -> CloudStore:
    return new_store(gate)


class TestAStream:
    @pytest.mark.parametrize("place", range(4), ids=["first chunk", "second chunk", "third chunk", "last chunk"])
    @pytest.mark.parametrize(
        "fault",
        [
            BUSY,
            Refused(429, "rateLimitExceeded"),
            Refused(500),
            Refused(408),
            AnswerLost(),
            RequestCut(0),
            RequestCut(3),
            RequestCut(QUANTUM),
            PartKept(0),
            AnswerCut(0),
            AnswerCut(9),
        ],
        ids=str,
    )
    def test_survives_what_passes(self, gate: Gate, store: CloudStore, fault: Fault, place: int) -> None:
        gate.faults.plan("chunk", *[None] * place, fault)
        write(store)
        assert gate.faults.waiting() == 0
        assert store.read("a") == DATA

    @pytest.mark.parametrize("fault", [BUSY, AnswerLost(), RequestCut(9)], ids=str)
    def test_survives_trouble_at_its_start_and_while_it_asks(self, gate: Gate, store: CloudStore, fault: Fault) -> None:
        gate.faults.plan("start", fault)
        gate.faults.plan("chunk", None, AnswerLost())
        gate.faults.plan("query", fault, fault)
        write(store)
        assert gate.faults.waiting() == 0
        assert store.read("a") == DATA

    def test_sends_again_what_the_store_did_not_keep_and_no_more(self, gate: Gate) -> None:
        store = CloudStore(gate.new_bucket(), part=4 * QUANTUM)
        data = content(4 * QUANTUM)
        gate.faults.plan("chunk", PartKept(QUANTUM), PartKept(2 * QUANTUM))
        stream(store, "a", data)
        sent = [request.headers["content-range"] for request in gate.requests if request.operation == "chunk"]
        end = f"{4 * QUANTUM - 1}/{4 * QUANTUM}"
        assert sent == [f"bytes {start * QUANTUM}-{end}" for start in (0, 1, 3)]
        assert store.read("a") == data

    def test_that_always_fails_is_told_and_cancelled(self, gate: Gate) -> None:
        store = new_store(gate, patience=HASTY)
        gate.faults.plan("chunk", None, *[BUSY] * 10_000)
        with pytest.raises(UnreachableError, match="did not answer well, however often it was asked: We encountered"):
            write(store)
        assert_nothing_is_left(gate, store)

    def test_of_which_nothing_is_ever_kept_ends(self, gate: Gate) -> None:
        store = new_store(gate, patience=HASTY)
        gate.faults.plan("chunk", *[PartKept(0)] * 10_000)
        with pytest.raises(UnreachableError, match="nothing of what was sent is kept"):
            write(store)
        assert_nothing_is_left(gate, store)

    @pytest.mark.parametrize("told", ["bytes=0-99999999", "bytes=0-9"])
    def test_that_is_told_an_impossible_range_is_broken_off(self, gate: Gate, store: CloudStore, told: str) -> None:
        gate.faults.plan("chunk", None, RangeChanged(told))
        with pytest.raises(IntegrityError, match=r"tells that it has \d+ bytes of 262144 to 524288"):
            write(store)
        assert_nothing_is_left(gate, store)

    def test_that_is_told_no_range_at_all_is_broken_off(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, RangeChanged("some"))
        with pytest.raises(UnreachableError, match="the range 'some', which the protocol does not know"):
            write(store)
        assert_nothing_is_left(gate, store)

    def test_that_is_told_to_have_ended_too_early_is_broken_off(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, Refused(200))
        with pytest.raises(IntegrityError, match="has made an object of a stream that has not ended"):
            write(store)
        assert_nothing_is_left(gate, store)

    @pytest.mark.parametrize("status", [404, 410])
    def test_whose_session_is_gone_is_told(self, gate: Gate, store: CloudStore, status: int) -> None:
        gate.faults.plan("chunk", None, Refused(status))
        with pytest.raises(UnreachableError, match=r"refuses this with 410: the upload session has ended\. Run again"):
            write(store)
        assert_nothing_is_left(gate, store)

    def test_with_a_failed_write_never_becomes_an_object(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", Refused(400, "invalid"))

        def swallow(data: bytes) -> None:
            with pytest.raises(UnreachableError):
                writer.write(data)

        with pytest.raises(UnreachableError, match="has a gap"), store.create("a") as writer:
            swallow(DATA)
        assert_nothing_is_left(gate, store)

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_that_is_broken_off_is_cancelled_however_hard_it_is(
        self, gate: Gate, store: CloudStore, error: type[BaseException]
    ) -> None:
        gate.faults.plan("cancel", BUSY, RequestCut(), AnswerLost())
        with pytest.raises(error):
            stream(store, "a", *pieces(DATA), then=raising(error()))
        assert gate.operations().count("cancel") == 4
        assert_nothing_is_left(gate, store)

    def test_that_is_broken_off_tells_its_own_error_where_nothing_answers(self, gate: Gate) -> None:
        store = new_store(gate, patience=HASTY)
        gate.faults.plan("cancel", *[Refused(401, "authError")] * 3)
        with pytest.raises(ValueError, match="own"):
            stream(store, "a", DATA, then=raising(ValueError("own")))
        assert list(store.list("")) == []

    def test_whose_bytes_change_on_the_way_is_not_published(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, RequestCorrupt(9))
        with pytest.raises(IntegrityError, match="not created, for the bytes came otherwise than they were sent"):
            write(store)
        assert_nothing_is_left(gate, store)

    def test_whose_put_changes_on_the_way_is_not_published(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("insert", RequestCorrupt(QUANTUM // 2))
        with pytest.raises(IntegrityError, match="not created, for the bytes came otherwise than they were sent"):
            store.put("a", DATA[: QUANTUM - 1])
        assert_nothing_is_left(gate, store)

    @pytest.mark.parametrize("changed", [{"crc32c": "AAAAAA=="}, {"size": "1"}])
    def test_that_is_stored_otherwise_is_an_orphan_with_a_name(
        self, gate: Gate, store: CloudStore, changed: dict[str, str | None]
    ) -> None:
        gate.faults.plan("chunk", None, None, None, FieldsChanged(changed))
        with pytest.raises(IntegrityError, match=rf"gs://{store.bucket}/backups/of shop/a is an orphan"):
            write(store)

    def test_without_a_checksum_is_not_verified(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, None, None, FieldsChanged({"crc32c": None}))
        with pytest.raises(UnreachableError, match="a cannot be verified"):
            write(store)


def assert_nothing_is_left(gate: Gate, store: CloudStore) -> None:
    gate.faults.clear()
    assert (list(store.list("")), gate.sessions.open(store.bucket)) == ([], [])
    with pytest.raises(NotFoundError):
        store.stat("a")
