"""Every entry of every request is accounted for: what may be sent again is, and nothing else."""

import base64
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

import grpc
import pytest
from google.cloud.bigtable_v2.types import FeatureFlags, MutateRowsRequest
from google.rpc.code_pb2 import Code

from tests.servers.scripted_bigtable import (
    Abort,
    Pause,
    Received,
    ScriptedBigtable,
    Silence,
    script,
    scripted_bigtable,
    statuses,
    take_all,
)
from tests.transforms.bigtable.read_rows_stream import Cell, Row, record
from transforms.bigtable.restore.write import RowWriter
from transforms.bigtable.server.channel import ChannelKeeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import RetryPolicy
from transforms.errors import IntegrityError, NotFoundError, RefusedError, ShardkeepError, UnreachableError

QUICK = RetryPolicy(first_wait=0.001, longest_wait=0.01, patience=5.0, attempt_timeout=20.0)
INSTANCE = Instance("p", "i", "a profile")
OK = Code.OK


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBigtable]:
    with scripted_bigtable() as scripted:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", scripted.host)
        yield scripted


def rows(keys: Sequence[bytes]) -> bytes:
    return b"".join(record(Row(key, [Cell("cf", b"q", 1_000, b"v of " + key)])) for key in keys)


def write(records: bytes, policy: RetryPolicy = QUICK) -> None:
    RowWriter(INSTANCE, "t", policy, ChannelKeeper()).write(records)


def parsed(call: Received) -> MutateRowsRequest:
    request: MutateRowsRequest = MutateRowsRequest.deserialize(call.request)
    return request


def sent(server: ScriptedBigtable) -> list[list[bytes]]:
    """The keys of the entries, a list for each call."""
    return [[entry.row_key for entry in parsed(call).entries] for call in server.received("MutateRows")]


def test_every_cell_is_sent_with_its_timestamp(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [take_all])
    write(rows([b"a", b"b"]))
    (call,) = server.calls
    cells = [(entry.row_key, mutation.set_cell) for entry in parsed(call).entries for mutation in entry.mutations]
    assert [(key, c.family_name, c.column_qualifier, c.timestamp_micros, c.value) for key, c in cells] == [
        (b"a", "cf", b"q", 1_000, b"v of a"),
        (b"b", "cf", b"q", 1_000, b"v of b"),
    ]


def test_requests_carry_routing_app_profile_and_features(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [take_all])
    write(rows([b"a"]))
    (call,) = server.calls
    assert (parsed(call).table_name, parsed(call).app_profile_id) == ("projects/p/instances/i/tables/t", "a profile")
    routing = {"table_name": ["projects/p/instances/i/tables/t"], "app_profile_id": ["a profile"]}
    assert parse_qs(call.headers["x-goog-request-params"]) == routing
    assert FeatureFlags.deserialize(base64.urlsafe_b64decode(call.headers["bigtable-features"]))


def test_only_the_entries_that_failed_are_sent_again(server: ScriptedBigtable) -> None:
    first = statuses({0: OK, 1: Code.UNAVAILABLE, 2: OK, 3: Code.ABORTED, 4: Code.DEADLINE_EXCEEDED})
    server.play("MutateRows", [first], [statuses({0: OK, 1: Code.RESOURCE_EXHAUSTED, 2: OK})], [take_all])
    write(rows([b"a", b"b", b"c", b"d", b"e"]))
    assert sent(server) == [[b"a", b"b", b"c", b"d", b"e"], [b"b", b"d", b"e"], [b"d"]]
    assert [parsed(call).app_profile_id for call in server.calls] == ["a profile"] * 3


def test_statuses_may_come_in_any_order_and_in_many_messages(server: ScriptedBigtable) -> None:
    messages = [statuses({2: Code.UNAVAILABLE}), statuses({0: OK}), statuses({1: Code.UNAVAILABLE})]
    server.play("MutateRows", messages, [take_all])
    write(rows([b"a", b"b", b"c"]))
    assert sent(server) == [[b"a", b"b", b"c"], [b"b", b"c"]]


def test_an_entry_without_an_answer_is_sent_again(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [statuses({0: OK, 2: OK})], [], [take_all])
    write(rows([b"a", b"b", b"c"]))
    assert sent(server) == [[b"a", b"b", b"c"], [b"b"], [b"b"]]


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
    ],
)
def test_what_was_answered_before_a_stream_broke_is_not_sent_again(
    server: ScriptedBigtable, code: grpc.StatusCode
) -> None:
    server.play("MutateRows", [statuses({0: OK, 1: Code.UNAVAILABLE}), Abort(code)], [take_all])
    write(rows([b"a", b"b", b"c"]))
    assert sent(server) == [[b"a", b"b", b"c"], [b"b", b"c"]]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.NOT_FOUND, NotFoundError),
        (Code.INVALID_ARGUMENT, RefusedError),
        (Code.FAILED_PRECONDITION, RefusedError),
        (Code.OUT_OF_RANGE, RefusedError),
        (Code.PERMISSION_DENIED, UnreachableError),
    ],
)
def test_an_entry_that_is_refused_for_good_stops_with_key_and_reason(
    server: ScriptedBigtable, code: int, error: type[ShardkeepError]
) -> None:
    server.play("MutateRows", [statuses({0: OK, 1: Code.UNAVAILABLE, 2: code}, "no family x")])
    where = rf"^writing table t of projects/p/instances/i, row key c\\xff: {Code.Name(code)}: no family x\. "
    with pytest.raises(ShardkeepError, match=where) as caught:
        write(rows([b"a", b"b", b"c\xff"]))
    assert caught.type is error
    assert len(server.calls) == 1


def test_a_call_that_is_refused_for_good_is_not_tried_again(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [Abort(grpc.StatusCode.PERMISSION_DENIED, "ask for a role")])
    with pytest.raises(UnreachableError, match=r"row key a: PERMISSION_DENIED: ask for a role\. Grant"):
        write(rows([b"a"]))
    assert len(server.calls) == 1


def test_an_entry_that_never_gets_through_ends_the_patience(server: ScriptedBigtable) -> None:
    server.play("MutateRows", *(script(Pause(0.1), statuses({0: Code.UNAVAILABLE}, "busy")) for _ in range(9)))
    with pytest.raises(UnreachableError, match=r"row key a: UNAVAILABLE: busy\. "):
        write(rows([b"a"]), RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.3))
    assert 1 < len(server.calls) < 9


def test_an_entry_that_gets_through_renews_the_patience(server: ScriptedBigtable) -> None:
    one_by_one = [{0: OK, **dict.fromkeys(range(1, left), Code.UNAVAILABLE)} for left in (4, 3, 2, 1)]
    server.play("MutateRows", *(script(Pause(0.2), statuses(codes)) for codes in one_by_one))
    write(rows([b"a", b"b", b"c", b"d"]), RetryPolicy(first_wait=0.001, longest_wait=0.001, patience=0.5))
    assert sent(server)[-1] == [b"d"]


def test_a_silent_attempt_is_given_up_and_made_again(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [statuses({0: OK}), Silence()], [take_all])
    write(rows([b"a", b"b"]), RetryPolicy(first_wait=0.001, attempt_timeout=0.3))
    assert sent(server) == [[b"a", b"b"], [b"b"]]


def test_an_answer_for_an_entry_that_was_not_sent_is_refused(server: ScriptedBigtable) -> None:
    server.play("MutateRows", [statuses({0: OK, 7: OK})])
    with pytest.raises(IntegrityError):
        write(rows([b"a"]))


def test_a_row_of_more_than_100_000_cells_is_sent_in_parts(server: ScriptedBigtable) -> None:
    cells = [Cell("cf", b"%d" % number, 1_000, b"") for number in range(100_001)]
    server.play("MutateRows", *([take_all] for _ in range(2)))
    write(record(Row(b"wide", cells)))
    requests = [parsed(call) for call in server.calls]
    counts = [sum(len(entry.mutations) for entry in request.entries) for request in requests]
    assert sum(counts) == 100_001
    assert max(counts) <= 100_000
    entries = [entry for request in requests for entry in request.entries]
    assert {entry.row_key for entry in entries} == {b"wide"}
    qualifiers = {mutation.set_cell.column_qualifier for entry in entries for mutation in entry.mutations}
    assert qualifiers == {cell.qualifier for cell in cells}


def test_a_refusal_in_one_of_many_requests_is_told(server: ScriptedBigtable) -> None:
    def refuse_the_third(request: bytes) -> Iterator[bytes]:
        third = MutateRowsRequest.deserialize(request).entries[0].row_key == b"k2"
        yield from [statuses({0: Code.NOT_FOUND}, "gone")] if third else take_all(request)

    big = [Row(b"k%d" % number, [Cell("cf", b"q", 0, bytes(3 << 20))]) for number in range(4)]
    server.play("MutateRows", *([refuse_the_third] for _ in big))
    with pytest.raises(NotFoundError, match="row key k2: NOT_FOUND: gone"):
        write(b"".join(map(record, big)))
