"""Whatever goes wrong on the way back from Cloud Storage: what is read is exact, or an error is told."""

import pytest

from tests.servers.gcs_faults import (
    ANY,
    QUANTUM,
    AnswerCorrupt,
    AnswerCut,
    AnswerLost,
    Fault,
    FieldsChanged,
    RequestCut,
)
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import BUSY, HASTY, new_store
from tests.transforms.vault.store_conformance import content
from transforms.errors import ExistsError, IntegrityError, UnreachableError
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.interface import ObjectStat

SMALL = content(QUANTUM - 1)


@pytest.fixture
def store(gate: Gate) -> CloudStore:
    return new_store(gate)


class TestReading:
    @pytest.fixture(autouse=True)
    def _written(self, store: CloudStore) -> None:
        store.put("a", SMALL)

    @pytest.mark.parametrize("fault", [BUSY, AnswerLost(), RequestCut(), AnswerCut(0), AnswerCut(70_000)], ids=str)
    @pytest.mark.parametrize(("start", "length"), [(0, None), (5, None), (5, 100_000)])
    def test_survives_what_passes(
        self, gate: Gate, store: CloudStore, fault: Fault, start: int, length: int | None
    ) -> None:
        gate.faults.plan("read", fault, fault)
        assert store.read("a", start, length) == SMALL[start:][:length]
        assert gate.faults.waiting() == 0

    @pytest.mark.parametrize("length", [None, len(SMALL) + 1, 1 << 40])
    def test_a_byte_that_changes_on_the_way_is_an_error(
        self, gate: Gate, store: CloudStore, length: int | None
    ) -> None:
        """Also where no more than a limit was asked for, and the whole object came."""
        gate.faults.plan("read", AnswerCorrupt(1000))
        with pytest.raises(IntegrityError, match="a: the bytes that were read do not have the object's CRC32C"):
            store.read("a", 0, length)

    def test_that_is_never_answered_is_told(self, gate: Gate) -> None:
        store = new_store(gate, patience=HASTY)
        gate.faults.plan("read", *[RequestCut()] * 10_000)
        with pytest.raises(UnreachableError, match=r"did not answer well.*Check the network"):
            store.read("a")

    @pytest.mark.parametrize("fault", [BUSY, AnswerLost(), RequestCut(), AnswerCut(3)], ids=str)
    def test_stats_and_listings_survive_what_passes(self, gate: Gate, store: CloudStore, fault: Fault) -> None:
        gate.faults.plan(ANY, fault, None, fault, None, fault)
        assert store.stat("a").size == QUANTUM - 1
        assert list(store.list("")) == ["a"]
        assert list(store.folders("")) == []

    def test_a_stat_without_a_checksum_is_an_error(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("stat", FieldsChanged({"crc32c": None}))
        with pytest.raises(UnreachableError, match="a cannot be verified: Cloud Storage tells no checksum of it"):
            store.stat("a")

    def test_a_stat_tells_what_the_store_tells(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("stat", FieldsChanged({"crc32c": "AAAAAQ==", "size": "7"}))
        assert store.stat("a") == ObjectStat("a", 7, 1)

    @pytest.mark.parametrize("fault", [BUSY, AnswerLost(), RequestCut()], ids=str)
    def test_a_deletion_survives_what_passes(self, gate: Gate, store: CloudStore, fault: Fault) -> None:
        gate.faults.plan("delete", fault)
        store.delete("a")
        assert list(store.list("")) == []

    def test_an_object_that_was_replaced_meanwhile_is_not_deleted(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("stat", FieldsChanged({"generation": "1"}))
        with pytest.raises(ExistsError, match="a was replaced while it was to be deleted"):
            store.delete("a")
        assert list(store.list("")) == ["a"]
