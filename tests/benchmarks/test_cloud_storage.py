"""The benchmark of Cloud Storage moves what it says it moves."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.cloud_storage.transfer import WAYS, pieces
from tests.servers.gcs_gate import Gate
from transforms.vault.store.cloud import CloudStore

SIZE = 9 << 20


def test_every_way_moves_every_byte(gate: Gate) -> None:
    store = CloudStore(gate.new_bucket(), "bench")
    assert [way(store, SIZE) for way in WAYS.values()] == [SIZE] * len(WAYS)
    content = b"".join(pieces(SIZE))
    assert [store.read(name) == content for name in store.list("")] == [True] * 3


def test_the_report_has_a_line_for_each(gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cloud_storage", f"--place=gs://{gate.new_bucket()}/b", "--size=1", "--runs=1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == set(WAYS)
    assert all(line["wall_seconds"]["min"] > 0 for line in report.values())
