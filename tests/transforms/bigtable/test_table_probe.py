"""Small questions: answered at once, asked again while the failure may pass, and given up in time."""

from collections.abc import Iterator

import grpc
import pytest
from google.cloud.bigtable_v2.types import ReadRowsRequest, SampleRowKeysRequest

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
from transforms.bigtable.channel import ChannelKeeper
from transforms.bigtable.instance import Instance
from transforms.bigtable.retry import RetryPolicy
from transforms.bigtable.table_probe import TableProbe
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


def test_one_row_is_asked_for(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", [message(cell_chunk(b"a"))], [])
    assert not probe.is_empty()
    assert probe.is_empty()
    request = ReadRowsRequest.deserialize(server.calls[0].request)
    assert request == ReadRowsRequest(
        table_name="projects/p/instances/i/tables/t", app_profile_id="profile", rows_limit=1
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
    with pytest.raises(UnreachableError, match=r"^ReadRows of table t in projects/p/instances/i: UNAVAILABLE: away"):
        probe.is_empty()
    assert 1 < len(server.calls) < 9


def test_a_silent_server_is_given_up(server: ScriptedBigtable, probe: TableProbe) -> None:
    server.play("ReadRows", *([Silence()] for _ in range(9)))
    with pytest.raises(UnreachableError, match="DEADLINE_EXCEEDED"):
        probe.is_empty()


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
    with pytest.raises(NotFoundError, match="table missing in "):
        TableProbe(instance, "missing").is_empty()


def test_the_samples_of_the_emulator_are_keys_of_the_table(tables: Tables) -> None:
    rows = {b"k%04d" % number: [("f", b"", 0, b"x" * 100)] for number in range(1000)}
    tables.fill("t", Content(["f"], rows))
    samples = TableProbe(Instance("p", tables.instance), "t").samples()
    assert samples
    assert {key for key, _ in samples} <= {*rows, b""}
