"""Small questions: answered at once, asked again while the failure may pass, and given up in time."""

import socket
from collections.abc import Iterator

import grpc
import pytest
from google.cloud.bigtable_v2.types import ReadRowsRequest, RowFilter, RowRange, RowSet, SampleRowKeysRequest

from tests.servers.scripted_bigtable import (
    Abort,
    Pause,
    ScriptedBigtable,
    Silence,
    sample,
    script,
    scripted_bigtable,
)
from tests.tables import Content, Tables, new_instance
from tests.transforms.bigtable.read_rows_stream import cell_chunk, message
from transforms.bigtable.ranges.probe import TableProbe
from transforms.bigtable.server.channel import ChannelKeeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import RetryPolicy
from transforms.errors import NotFoundError, UnreachableError

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.3, attempt_timeout=0.3)
UNAVAILABLE = Abort(grpc.StatusCode.UNAVAILABLE, "away")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBigtable]:
    with scripted_bigtable() as scripted:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", scripted.host)
        yield scripted


@pytest.fixture
def probe(server: ScriptedBigtable) -> TableProbe:
    return TableProbe(Instance("p", "i", "profile"), "t", QUICK, ChannelKeeper())


def test_the_first_cell_of_the_first_row_is_asked_for_without_its_value(
    server: ScriptedBigtable, probe: TableProbe
) -> None:
    server.play("ReadRows", [message(cell_chunk(b"a"))], [])
    assert not probe.is_empty()
    assert probe.is_empty()
    request = ReadRowsRequest.deserialize(server.calls[0].request)
    first_cell, no_value = RowFilter(cells_per_row_limit_filter=1), RowFilter(strip_value_transformer=True)
    assert request == ReadRowsRequest(
        table_name="projects/p/instances/i/tables/t",
        app_profile_id="profile",
        rows_limit=1,
        rows=RowSet(row_ranges=[RowRange()]),
        filter=RowFilter(chain=RowFilter.Chain(filters=[first_cell, no_value])),
    )
    assert "x-goog-request-params" in server.calls[0].headers


def test_a_message_without_a_row_is_none(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", [message(last_scanned=b"z")])
    assert probe.is_empty()


def test_samples_are_given_as_they_come(server: ScriptedBigtable, probe: TableProbe) -> None:
    given = [(b"b", 10), (b"b", 10), (b"", 30)]
    server.play("SampleRowKeys", [sample(key, offset) for key, offset in given])
    assert probe.samples() == given
    request = SampleRowKeysRequest.deserialize(server.calls[0].request)
    assert (request.table_name, request.app_profile_id) == ("projects/p/instances/i/tables/t", "profile")


def test_samples_of_a_broken_stream_are_asked_for_from_the_start(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("SampleRowKeys", [sample(b"a", 1), UNAVAILABLE], [sample(b"b", 2)])
    assert probe.samples() == [(b"b", 2)]


def test_a_failure_that_passes_is_waited_for(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", [UNAVAILABLE], [Abort(grpc.StatusCode.CANCELLED)], [])
    assert probe.is_empty()


def test_a_failure_that_stays_ends_the_patience(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", *(script(Pause(0.1), UNAVAILABLE) for _ in range(9)))
    with pytest.raises(UnreachableError, match=r"^reading table t of projects/p/instances/i, .*: UNAVAILABLE: away"):
        probe.is_empty()
    assert 1 < len(server.calls) < 9


@pytest.mark.parametrize(("method", "question"), [("ReadRows", "is_empty"), ("SampleRowKeys", "samples")])
def test_a_silent_server_is_given_up(server: ScriptedBigtable, probe: TableProbe, method: str, question: str) -> None:
    server.play(method, *([Silence()] for _ in range(9)))
    with pytest.raises(UnreachableError, match="DEADLINE_EXCEEDED"):
        getattr(probe, question)()


def test_a_front_that_was_deleted_is_passed_in_as_many_tries_as_it_takes(
    server: ScriptedBigtable, probe: TableProbe
) -> None:
    """The server tells how far it has scanned: that is progress, and the next try begins there."""
    fronts = [script(message(last_scanned=b"k%02d" % number), Pause(0.05), UNAVAILABLE) for number in range(20)]
    server.play("ReadRows", *fronts, [message(cell_chunk(b"z"))])
    assert not probe.is_empty()
    last = ReadRowsRequest.deserialize(server.calls[-1].request)
    assert last.rows.row_ranges[0].start_key_closed == b"k19\x00"


def test_a_peer_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", f"127.0.0.1:{frozen.getsockname()[1]}")
        watched = RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.3, idle_timeout=0.2)
        for ask in (TableProbe.is_empty, TableProbe.samples):
            with pytest.raises(UnreachableError, match="CANCELLED"):
                ask(TableProbe(Instance("p", "i"), "t", watched, ChannelKeeper()))


def test_a_missing_permission_is_told_at_once(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", [Abort(grpc.StatusCode.PERMISSION_DENIED, "no role")])
    with pytest.raises(UnreachableError, match=r"PERMISSION_DENIED: no role\. Grant"):
        probe.is_empty()
    assert len(server.calls) == 1


@pytest.fixture
def tables(bigtable_emulator: str) -> Tables:
    return new_instance()


def test_the_emulator_tells_empty_from_filled_from_missing(tables: Tables) -> None:
    tables.fill("full", Content(["f"], {b"k": [("f", b"", 0, b"")]}))
    tables.fill("empty", Content(["f"]))
    instance = Instance("p", tables.instance)
    assert not TableProbe(instance, "full").is_empty()
    assert TableProbe(instance, "empty").is_empty()
    with pytest.raises(NotFoundError, match="table missing of "):
        TableProbe(instance, "missing").is_empty()


def test_the_samples_of_the_emulator_are_keys_of_the_table(tables: Tables) -> None:
    rows = {b"k%04d" % number: [("f", b"", 0, b"x" * 100)] for number in range(1000)}
    tables.fill("t", Content(["f"], rows))
    samples = TableProbe(Instance("p", tables.instance), "t").samples()
    assert samples
    assert {key for key, _ in samples} <= {*rows, b""}
