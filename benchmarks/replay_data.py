"""The data API of the replay server: ReadRows, SampleRowKeys and MutateRows on raw bytes."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from threading import Lock

import grpc
from google.cloud.bigtable_v2 import types
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from benchmarks.replay_rows import ROW_SIZE, ReplayRows, row_key
from benchmarks.replay_tables import Message, ReplayTables, table_id

DATA_SERVICE = "google.bigtable.v2.Bigtable"

Slice = tuple[int, int]
Streamed = Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]


class ReplayData:
    """Answers the data calls of one table full of rows and of any number of empty ones.

    Every method takes a serialized request and the call's context and yields serialized responses.
    """

    def __init__(self, rows: ReplayRows, table: str, tables: ReplayTables, samples: int) -> None:
        self._rows, self._table, self._tables, self._samples = rows, table, tables, samples
        self._lock = Lock()
        self._counts = {"read_streams": 0, "mutate_requests": 0, "mutate_entries": 0, "mutate_bytes": 0}

    def answers(self) -> Mapping[str, Streamed]:
        """Return the method that answers each call of the data service, by the call's name."""
        return {"ReadRows": self._read, "SampleRowKeys": self._sample, "MutateRows": self._mutate}

    def counts(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        """Return the counts of requests so far and the server's CPU seconds, as JSON."""
        with self._lock:
            return json.dumps({**self._counts, "cpu_seconds": time.process_time()}).encode()

    def _read(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        request = types.ReadRowsRequest.pb().FromString(message)
        self._tables.require(request.table_name, context)
        self._count(read_streams=1)
        if table_id(request.table_name) != self._table:
            return iter(())
        _refuse_what_is_not_replayed(request, context)
        slices = limited(row_slices(self._rows, request.rows), request.rows_limit)
        return chain.from_iterable(self._rows.messages(start, end) for start, end in slices)

    def _sample(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        request = types.SampleRowKeysRequest.pb().FromString(message)
        self._tables.require(request.table_name, context)
        start, end = _bounds(self._rows, request.row_range)
        count = self._rows.count if table_id(request.table_name) == self._table else 0
        places = sorted({count * part // self._samples for part in range(1, self._samples)})
        samples = [(place, row_key(place)) for place in places if start < place < min(end, count)]
        for place, key in (*samples, (min(end, count), _end_key(request.row_range))):
            yield types.SampleRowKeysResponse.pb()(
                row_key=key, offset_bytes=(place - min(start, count)) * ROW_SIZE
            ).SerializeToString()

    def _mutate(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        request = _MUTATE_ROWS_ENVELOPE.FromString(message)
        self._tables.require(request.table_name, context)
        entries = len(request.entries)
        self._count(mutate_requests=1, mutate_entries=entries, mutate_bytes=len(message))
        return iter((_all_done(entries),))

    def _count(self, **more: int) -> None:
        with self._lock:
            for name, number in more.items():
                self._counts[name] += number


def row_slices(rows: ReplayRows, row_set: Message) -> list[Slice]:
    """Return the rows of a row set as slices of row numbers: sorted, not empty, without overlap."""
    if not row_set.row_keys and not row_set.row_ranges:
        return [(0, rows.count)] if rows.count else []
    wanted = [(rows.first_at_or_after(key), rows.first_at_or_after(key + b"\0")) for key in row_set.row_keys]
    wanted += [_bounds(rows, row_range) for row_range in row_set.row_ranges]
    merged: list[Slice] = []
    for start, end in sorted(wanted):
        start = max(start, merged[-1][1] if merged else 0)
        if start < end:
            merged.append((start, end))
    return merged


def limited(slices: list[Slice], most: int) -> Iterator[Slice]:
    """Yield the first `most` rows of the slices; all of them if `most` is 0, as in the API."""
    left = most or sum(end - start for start, end in slices)
    for start, end in slices:
        end = min(end, start + left)
        left -= end - start
        if start < end:
            yield start, end


def _bounds(rows: ReplayRows, row_range: Message) -> Slice:
    # The first key after k is k and a zero byte, so four kinds of ends become one.
    start = row_range.start_key_closed or (row_range.start_key_open and row_range.start_key_open + b"\0")
    end = row_range.end_key_open or (row_range.end_key_closed and row_range.end_key_closed + b"\0")
    return rows.first_at_or_after(start), rows.first_at_or_after(end) if end else rows.count


def _end_key(row_range: Message) -> bytes:
    return bytes(row_range.end_key_open or row_range.end_key_closed)


def _refuse_what_is_not_replayed(request: Message, context: grpc.ServicerContext) -> None:
    # The first row shows whether there is one, whatever the filter leaves of it.
    is_probe = request.rows_limit == 1
    if request.reversed or not (is_probe or request.filter.WhichOneof("filter") in (None, "pass_all_filter")):
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "the replay server sends whole rows in key order: leave out the filter and `reversed`",
        )


@lru_cache(maxsize=64)
def _all_done(entries: int) -> bytes:
    response = types.MutateRowsResponse.pb()()
    for index in range(entries):
        response.entries.add(index=index).status.SetInParent()
    return bytes(response.SerializeToString())


def _envelope() -> Message:
    """Make a message like MutateRowsRequest whose entries stay bytes, so that nothing inside is parsed."""
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="replay.proto", package="shardkeep.replay", syntax="proto3")
    envelope = file.message_type.add(name="MutateRowsEnvelope")
    envelope.field.add(name="table_name", number=1, type=kind.TYPE_STRING, label=kind.LABEL_OPTIONAL)
    envelope.field.add(name="entries", number=2, type=kind.TYPE_BYTES, label=kind.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shardkeep.replay.MutateRowsEnvelope"))


_MUTATE_ROWS_ENVELOPE = _envelope()
