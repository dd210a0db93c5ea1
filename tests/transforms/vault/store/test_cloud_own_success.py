"""A write whose answer is lost knows its own object, and no other."""

from collections.abc import Callable

import pytest

from tests.servers.gcs_faults import ANY, AnswerLost, Refused
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import DATA, HASTY, new_store, opened, write
from tests.transforms.vault.store_conformance import BYTES, pieces, stream
from transforms.errors import ExistsError, UnreachableError
from transforms.vault.store.cloud import CloudStore

NO_RIGHT_TO_DELETE = Refused(403, "forbidden", "x does not have storage.objects.delete access to the object.")


@pytest.fixture
def store(gate: Gate) -> CloudStore:
    return new_store(gate)


class TestOwnSuccess:
    def test_a_put_whose_answer_is_lost_knows_its_object(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("insert", AnswerLost())
        store.put("a", BYTES)
        assert gate.operations() == ["insert", "insert", "stat"]
        assert store.read("a") == BYTES

    def test_a_stream_whose_answer_is_lost_asks_its_session(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, None, None, AnswerLost())
        write(store)
        assert gate.operations() == ["start", *["chunk"] * 4, "query"]
        assert store.read("a") == DATA

    def test_a_stream_whose_session_is_gone_knows_its_object(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, None, None, AnswerLost())
        gate.faults.plan("query", Refused(410))
        write(store)
        assert gate.operations() == ["start", *["chunk"] * 4, "query", "stat"]
        assert store.read("a") == DATA

    def test_a_stream_whose_answers_are_all_lost_knows_its_object(self, gate: Gate) -> None:
        store = new_store(gate, patience=HASTY)
        gate.faults.plan("chunk", None, None, None, AnswerLost())
        gate.faults.plan("query", *[AnswerLost()] * 10_000)
        write(store)
        assert store.read("a") == DATA

    @pytest.mark.parametrize("answer", [Refused(412, "conditionNotMet"), NO_RIGHT_TO_DELETE], ids=["412", "403"])
    @pytest.mark.parametrize("create", [write, lambda store: store.put("a", BYTES)], ids=["stream", "put"])
    def test_an_object_of_somebody_else_is_told_however_the_store_tells_it(
        self, gate: Gate, store: CloudStore, create: Callable[[CloudStore], None], answer: Refused
    ) -> None:
        opened(store).blob(f"{store.folder}/a").upload_from_string(b"other")
        gate.faults.plan(ANY, answer)
        with pytest.raises(ExistsError, match="a exists already in the vault; nothing is overwritten"):
            create(store)
        assert store.read("a") == b"other"

    def test_an_object_that_comes_meanwhile_is_told(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("chunk", None, None, None, NO_RIGHT_TO_DELETE)
        with pytest.raises(ExistsError, match="a exists already"):
            stream(
                store, "a", *pieces(DATA), then=lambda: opened(store).blob(f"{store.folder}/a").upload_from_string(b"")
            )
        assert (store.read("a"), gate.sessions.open(store.bucket)) == (b"", [])

    def test_a_refusal_is_the_error_where_nobody_may_look(self, gate: Gate, store: CloudStore) -> None:
        gate.faults.plan("insert", Refused(403, "forbidden", "x does not have storage.objects.create access."))
        gate.faults.plan("stat", Refused(403, "forbidden", "x does not have storage.objects.get access."))
        with pytest.raises(UnreachableError, match=r"storage\.objects\.create is needed"):
            store.put("a", BYTES)
