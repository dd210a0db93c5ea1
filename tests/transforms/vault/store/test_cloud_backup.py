"""A whole backup goes into a bucket with the rights to create and to view alone, and comes out of it."""

import functools
import random

import pytest

from pipelines.bigtable_backup import build
from pipelines.command.backup import run_backup
from tests.memory_room import by_hand
from tests.memory_room.database import DATABASES, MemoryTable, new_database
from tests.memory_room.source import MemorySource
from tests.memory_room.target import MemoryTarget
from tests.servers.gcs_faults import AnswerLost, PartKept, Refused, RequestCut
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import HURRIED
from tests.transforms.vault.conftest import backup_config
from transforms.vault.catalogue import COMMITTED, list_backups
from transforms.vault.store import cloud as cloud_store
from transforms.vault.store.cloud import CloudStore
from transforms.vault.vault import open_vault

ROWS = {b"key %d" % number: b"value" * number for number in range(200)}
ROWS[b"large"] = random.Random(9).randbytes(3 << 20)  # its shard is streamed, the others take one request each


@pytest.fixture
def place(gate: Gate) -> str:
    return f"gs://{gate.new_bucket()}/backups/shop"


def small_source() -> MemorySource:
    return MemorySource(new_database({"t": MemoryTable(dict(ROWS), {b"null"}, nullable=True)}))


def backup_of(place: str, source: MemorySource) -> str:
    work = by_hand.new_work(place, source)
    by_hand.backup(work)
    return work.backup


def test_a_backup_needs_no_right_but_to_create_and_to_view(gate: Gate, place: str) -> None:
    source = small_source()
    with gate.creating_only():
        first, second = backup_of(place, source), backup_of(place, source)
        vault = open_vault(place)
        assert [(item.backup, item.state) for item in list_backups(vault)] == [(first, COMMITTED), (second, COMMITTED)]
        for backup in (first, second):
            verified = by_hand.committed(place, source.identity().folder, backup)
            assert by_hand.verify(verified, "L3").ok
            target = MemoryTarget(new_database({}))
            by_hand.restore(by_hand.restore_work(verified, target))
            assert DATABASES[target.database].tables["t"].content == (ROWS, {b"null"})
    assert {"delete", "change", "cancel", "bucket", "other"}.isdisjoint(gate.operations())
    creations = [request for request in gate.requests if request.operation in ("start", "insert")]
    assert {request.query["ifGenerationMatch"] for request in creations} == {"0"}
    assert gate.sessions.open(place.split("/")[2]) == []


def test_the_command_writes_its_backup_into_a_bucket(gate: Gate, place: str) -> None:
    source = small_source()
    with gate.creating_only():
        assert run_backup(backup_config(place, source.database), build) == 0
    (listed,) = list_backups(open_vault(place))
    assert listed.state == COMMITTED
    assert listed.manifest is not None
    assert listed.manifest.totals.rows == len(ROWS) + 1


def test_lost_answers_and_cut_connections_do_not_stop_it(
    gate: Gate, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_store, "CloudStore", functools.partial(CloudStore, patience=HURRIED))
    gate.faults.plan("start", AnswerLost())
    gate.faults.plan("chunk", RequestCut(9), PartKept(0))
    gate.faults.plan("insert", AnswerLost())
    gate.faults.plan("list", Refused(503))
    source = small_source()
    backup = backup_of(place, source)
    assert gate.faults.waiting() == 0
    assert by_hand.verify(by_hand.committed(place, source.identity().folder, backup), "L3").ok
