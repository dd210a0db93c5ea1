"""`ReadRows` over a key range: raw messages in, batches of canonical records out, with retries."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace

import grpc
from google.cloud.bigtable_v2.types import ReadRowsRequest, RowFilter, RowRange, RowSet

from transforms.batch import Batch
from transforms.bigtable.codec.row_assembler import RowAssembler
from transforms.bigtable.server.channel import ChannelKeeper, keeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import Retries, RetryPolicy, is_transient
from transforms.bigtable.server.rpc_errors import rpc_error
from transforms.bigtable.server.watchdog import Watchdog
from transforms.errors import IntegrityError
from transforms.key_range import KeyRange

METHOD = "/google.bigtable.v2.Bigtable/ReadRows"

_LEAST = RowFilter(
    chain=RowFilter.Chain(
        filters=[RowFilter(cells_per_row_limit_filter=1), RowFilter(strip_value_transformer=True)],
    )
)
"""The first cell of a row, without its value: a huge row need not be read, let alone sent."""


@dataclass(frozen=True)
class RowReader:
    """Reads ranges of one table.

    There is no deadline for a whole range, which may take hours. Each attempt has a long one, a watchdog
    cancels a stream without messages, and the next attempt continues after the last complete row or
    scanned key.

    Attributes:
        instance: The instance.
        table: The table's id.
        policy: Waits, timeouts and patience.
        channels: The keeper that gives channels.
        first_only: Whether only the first row is wanted, as one cell without its value: enough to prove a row.
    """

    instance: Instance
    table: str
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    channels: ChannelKeeper = field(default_factory=keeper)
    first_only: bool = False

    def read(self, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
        """The rows of a range; a batch ends with the row that brings it to `chunk_size` bytes.

        Raises:
            IntegrityError: if the server breaks the protocol.
            NotFoundError: if the table is gone.
            UnreachableError: if the server fails for longer than the policy's patience.
        """
        assembler, retries = RowAssembler(chunk_size), Retries(self.policy)
        rest: KeyRange | None = key_range
        while rest is not None:
            try:
                with closing(self._attempt(assembler, rest, retries)) as batches:
                    # A batch may hold rows of an earlier attempt, so it is checked against the whole range.
                    yield from (_inside(batch, key_range) for batch in batches)
                rest = None
            except grpc.RpcError as error:
                if not is_transient(error) or retries.exhausted():
                    raise rpc_error(error, f"reading {self._where}, range {key_range}") from error
                assembler.abandon_row()
                retries.wait()
                rest = _behind(key_range, assembler.resume_key)
        last = assembler.finish()
        if last is not None:
            yield _inside(last, key_range)

    @property
    def _where(self) -> str:
        return f"table {self.table} of {self.instance.name}"

    def _attempt(self, assembler: RowAssembler, key_range: KeyRange, retries: Retries) -> Generator[Batch, None, None]:
        seen = assembler.resume_key
        with closing(self._messages(key_range)) as messages:
            for message in messages:
                batches = assembler.feed(message)
                if assembler.resume_key != seen:
                    seen = assembler.resume_key
                    retries.progress()
                yield from batches

    def _messages(self, key_range: KeyRange) -> Generator[bytes, None, None]:
        with self.channels.stream() as channel:
            call = channel.unary_stream(METHOD, None, None)(
                self._request(key_range),
                metadata=self.instance.metadata(self.table),
                timeout=self.policy.attempt_timeout,
            )
            try:
                with Watchdog(call, self.policy.idle_timeout) as watchdog:
                    for message in call:
                        watchdog.pause()  # the time that the caller takes is not the server's
                        yield message
                        watchdog.beat()
            finally:
                call.cancel()

    def _request(self, key_range: KeyRange) -> bytes:
        request = ReadRowsRequest(
            table_name=self.instance.table_name(self.table),
            app_profile_id=self.instance.app_profile,
            rows=RowSet(row_ranges=[_row_range(key_range)]),
        )
        if self.first_only:
            request.rows_limit, request.filter = 1, _LEAST
        data: bytes = ReadRowsRequest.serialize(request)
        return data


def _row_range(key_range: KeyRange) -> RowRange:
    ends = {"start_key_closed": key_range.start, "end_key_open": key_range.end}
    return RowRange(**{name: key for name, key in ends.items() if key})


def _behind(key_range: KeyRange, key: bytes) -> KeyRange | None:
    """What is left of a range when all up to `key` has been read, or None."""
    if not key:
        return key_range
    start = max(key + b"\x00", key_range.start)
    return None if key_range.end and start >= key_range.end else replace(key_range, start=start)


def _inside(batch: Batch, key_range: KeyRange) -> Batch:
    if batch.first_key < key_range.start or (key_range.end and batch.last_key >= key_range.end):
        raise IntegrityError(
            f"the server sent rows {batch.first_key!r} to {batch.last_key!r} for the range {key_range}."
        )
    return batch
