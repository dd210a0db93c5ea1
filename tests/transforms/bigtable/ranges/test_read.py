"""A range is read whole and once, whatever the server does: a real server on loopback plays each mishap."""

import base64
import threading
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

import grpc
import pytest
from google.cloud.bigtable_v2.types import FeatureFlags, ReadRowsRequest

from tests.servers.scripted_bigtable import Abort, Pause, ScriptedBigtable, Silence, script, scripted_bigtable
from tests.transforms.bigtable.read_rows_stream import Cell, Row, cell_chunk, chunk, message, record
from transforms.batch import Batch
from transforms.bigtable.ranges.read import RowReader
from transforms.bigtable.server.channel import ChannelKeeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import RetryPolicy
from transforms.errors import IntegrityError, NotFoundError, RefusedError, ShardkeepError, UnreachableError
from transforms.key_range import KeyRange

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.01, patience=5.0, attempt_timeout=20.0, idle_timeout=20.0)
INSTANCE = Instance("p", "i", "a profile")
UNAVAILABLE = Abort(grpc.StatusCode.UNAVAILABLE)
WHOLE = KeyRange()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBigtable]:
    with scripted_bigtable() as scripted:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", scripted.host)
        yield scripted


def reader(policy: RetryPolicy = QUICK) -> RowReader:
    return RowReader(INSTANCE, "t", policy, ChannelKeeper())


def row(key: bytes) -> bytes:
    """A message with one whole row."""
    return message(cell_chunk(key))


def records(keys: Sequence[bytes]) -> bytes:
    """What the rows of `row` are in a vault."""
    return b"".join(record(Row(key, [Cell("cf", b"q", 0, b"v")])) for key in keys)


def read(key_range: KeyRange = WHOLE, policy: RetryPolicy = QUICK) -> bytes:
    return b"".join(batch.records for batch in reader(policy).read(key_range, 1 << 20))


def asked(server: ScriptedBigtable) -> list[tuple[bytes, bytes]]:
    """The ranges that were asked for, one a call."""
    requests = [ReadRowsRequest.deserialize(call.request) for call in server.received("ReadRows")]
    ranges = [request.rows.row_ranges for request in requests]
    assert all(len(each) == 1 for each in ranges)
    assert not any("start_key_open" in each[0] or "end_key_closed" in each[0] for each in ranges)
    return [(each[0].start_key_closed, each[0].end_key_open) for each in ranges]


def test_the_rows_of_a_stream_are_its_records(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), row(b"b"), row(b"c")])
    assert read() == records([b"a", b"b", b"c"])
    assert asked(server) == [(b"", b"")]


def test_an_empty_stream_has_no_batch(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [])
    assert list(reader().read(WHOLE, 1)) == []


def test_a_batch_ends_behind_the_row_that_fills_it(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [message(*map(cell_chunk, [b"a", b"b", b"c", b"d", b"e"]))])
    size = len(records([b"a"]))
    batches = list(reader().read(WHOLE, size + 1))
    assert [(batch.first_key, batch.last_key, batch.rows) for batch in batches] == [
        (b"a", b"b", 2),
        (b"c", b"d", 2),
        (b"e", b"e", 1),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        Abort(grpc.StatusCode.UNAVAILABLE),
        Abort(grpc.StatusCode.DEADLINE_EXCEEDED),
        Abort(grpc.StatusCode.ABORTED),
        Abort(grpc.StatusCode.RESOURCE_EXHAUSTED),
        Abort(grpc.StatusCode.CANCELLED, "the server's own"),
        Abort(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2"),
        Abort(grpc.StatusCode.INTERNAL, "Received unexpected EOS on DATA frame from server"),
    ],
    ids=lambda abort: f"{abort.code.name} {abort.details}",
)
def test_a_broken_stream_goes_on_behind_the_last_complete_row(server: ScriptedBigtable, broken: Abort) -> None:
    half = message(chunk(b"c", "cf", b"q", value=b"lost"))
    server.play("ReadRows", [row(b"a"), row(b"b"), half, broken], [row(b"c"), row(b"d")])
    assert read(KeyRange("", b"a", b"z")) == records([b"a", b"b", b"c", b"d"])
    assert asked(server) == [(b"a", b"z"), (b"b\x00", b"z")]


def test_a_stream_that_breaks_before_any_row_begins_anew(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [message(chunk(b"a", "cf", b"q", value=b"x")), UNAVAILABLE], [UNAVAILABLE], [row(b"a")])
    assert read() == records([b"a"])
    assert asked(server) == [(b"", b"")] * 3


def test_a_stream_goes_on_behind_a_key_that_was_only_scanned(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), message(last_scanned=b"m"), UNAVAILABLE], [row(b"n")])
    assert read() == records([b"a", b"n"])
    assert asked(server) == [(b"", b""), (b"m\x00", b"")]


def test_nothing_is_asked_for_once_the_last_key_of_the_range_was_seen(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), UNAVAILABLE])
    assert read(KeyRange("", b"a", b"a\x00")) == records([b"a"])
    assert asked(server) == [(b"a", b"a\x00")]


def test_batches_do_not_depend_on_where_streams_break(server: ScriptedBigtable) -> None:
    keys = [b"%03d" % number for number in range(40)]
    server.play("ReadRows", [row(key) for key in keys])
    whole = list(reader().read(WHOLE, 64))
    server.play("ReadRows", *(script(row(key), UNAVAILABLE) for key in keys), [])
    assert list(reader().read(WHOLE, 64)) == whole


def test_a_row_that_comes_again_after_a_break_is_refused(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), UNAVAILABLE], [row(b"a")])
    with pytest.raises(IntegrityError, match="a"):
        read()


def test_progress_renews_the_patience(server: ScriptedBigtable) -> None:
    patient = RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.5)
    keys = [b"a", b"b", b"c", b"d"]
    server.play("ReadRows", *(script(Pause(0.2), row(key), UNAVAILABLE) for key in keys), [])
    assert read(policy=patient) == records(keys)


def test_without_progress_the_patience_ends(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"n"), UNAVAILABLE], *(script(Pause(0.1), UNAVAILABLE) for _ in range(9)))
    impatient = RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.3)
    with pytest.raises(
        UnreachableError,
        match=r"^reading table t of projects/p/instances/i, range \[k, \(open\)\): UNAVAILABLE: scripted\. ",
    ):
        read(KeyRange("", b"k"), impatient)
    assert 1 < len(server.calls) < 9


def test_a_silent_stream_is_cancelled_and_the_read_goes_on(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), Silence()], [row(b"b")])
    watched = RetryPolicy(first_wait=0.001, idle_timeout=0.2)
    assert read(policy=watched) == records([b"a", b"b"])
    assert server.calls[0].ended.wait(60)
    assert asked(server) == [(b"", b""), (b"a\x00", b"")]


def test_an_attempt_has_a_deadline_of_its_own(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), Silence()], [row(b"b")])
    assert read(policy=RetryPolicy(first_wait=0.001, attempt_timeout=0.5)) == records([b"a", b"b"])


def test_the_time_that_rows_take_downstream_is_not_the_servers(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), row(b"b")])
    batches = reader(RetryPolicy(idle_timeout=0.1)).read(WHOLE, 1)
    first = next(batches)
    threading.Event().wait(0.5)
    assert [first.first_key, *(batch.first_key for batch in batches)] == [b"a", b"b"]
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, UnreachableError),
        (grpc.StatusCode.UNAUTHENTICATED, UnreachableError),
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.FAILED_PRECONDITION, RefusedError),
        (grpc.StatusCode.INVALID_ARGUMENT, RefusedError),
        (grpc.StatusCode.INTERNAL, UnreachableError),
    ],
)
def test_an_error_that_stays_is_not_tried_again(
    server: ScriptedBigtable, code: grpc.StatusCode, error: type[ShardkeepError]
) -> None:
    server.play("ReadRows", [row(b"a"), Abort(code, "because")])
    with pytest.raises(
        ShardkeepError, match=rf"^reading table t of projects/p/instances/i, range .*: {code.name}: because\. "
    ) as caught:
        read()
    assert caught.type is error
    assert len(server.calls) == 1


@pytest.mark.parametrize("key", [b"a", b"m", b"z"])
def test_a_row_outside_of_the_range_is_refused(server: ScriptedBigtable, key: bytes) -> None:
    server.play("ReadRows", [row(key)])
    with pytest.raises(IntegrityError, match=r"for the range \[b, m\)"):
        read(KeyRange("", b"b", b"m"))


def test_a_row_that_the_stream_leaves_unfinished_is_refused(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [message(chunk(b"a", "cf", b"q", value=b"v"))])
    with pytest.raises(IntegrityError):
        read()


def test_requests_carry_routing_app_profile_and_features(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [])
    read()
    (call,) = server.calls
    request = ReadRowsRequest.deserialize(call.request)
    assert (request.table_name, request.app_profile_id) == ("projects/p/instances/i/tables/t", "a profile")
    assert not request.rows_limit
    assert "filter" not in request
    routing = {"table_name": ["projects/p/instances/i/tables/t"], "app_profile_id": ["a profile"]}
    assert parse_qs(call.headers["x-goog-request-params"]) == routing
    features = FeatureFlags.deserialize(base64.urlsafe_b64decode(call.headers["bigtable-features"]))
    assert features.last_scanned_row_responses


def test_a_message_of_90_mebibytes_is_taken(server: ScriptedBigtable) -> None:
    value = bytes(90 << 20)
    server.play("ReadRows", [message(cell_chunk(b"a", value))])
    (batch,) = reader().read(WHOLE, 1 << 20)
    assert batch.records == record(Row(b"a", [Cell("cf", b"q", 0, value)]))


def test_leaving_early_cancels_the_call(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), row(b"b"), Silence()])
    batches = reader().read(WHOLE, 1)
    assert next(batches).first_key == b"a"
    batches.close()
    assert server.calls[0].ended.wait(60)


def test_a_channel_is_renewed_between_streams_and_never_under_one(server: ScriptedBigtable) -> None:
    server.play("ReadRows", [row(b"a"), Pause(0.1), row(b"b")], [row(b"c")], [row(b"d")])
    keeper = ChannelKeeper(most_age=0.0)
    each = [RowReader(INSTANCE, "t", QUICK, keeper).read(WHOLE, 1) for _ in range(3)]
    keys = [next(each[0]).first_key, *_keys(each[1]), *_keys(each[2]), *_keys(each[0])]
    assert keys == [b"a", b"c", b"d", b"b"]
    assert len(server.calls) == 3


def _keys(batches: Iterator[Batch]) -> list[bytes]:
    return [batch.first_key for batch in batches]
