"""Small calls whose answers fit in memory, on the same channel and with the same retries as the large ones."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import grpc
from google.cloud.bigtable_v2.types import (
    ReadRowsRequest,
    ReadRowsResponse,
    SampleRowKeysRequest,
    SampleRowKeysResponse,
)

from transforms.bigtable.channel import ChannelKeeper, keeper
from transforms.bigtable.instance import Instance
from transforms.bigtable.read_rows import METHOD as READ_ROWS
from transforms.bigtable.retry import Retries, RetryPolicy, is_transient
from transforms.bigtable.rpc_errors import rpc_error

SAMPLE_ROW_KEYS = "/google.bigtable.v2.Bigtable/SampleRowKeys"
_QUICK = RetryPolicy(patience=20.0, attempt_timeout=20.0)

T = TypeVar("T")


@dataclass(frozen=True)
class TableProbe:
    """Questions about a table that are answered at once, or fail within the policy's patience (20 s)."""

    instance: Instance
    table: str
    policy: RetryPolicy = _QUICK
    channels: ChannelKeeper = field(default_factory=keeper)

    def is_empty(self) -> bool:
        """Whether it has no row.

        Raises:
            NotFoundError: if there is no such table.
            UnreachableError: if the server does not answer or does not permit it.
        """
        request = ReadRowsRequest(
            table_name=self.instance.table_name(self.table), app_profile_id=self.instance.app_profile, rows_limit=1
        )
        return not any(self._ask(READ_ROWS, ReadRowsRequest.serialize(request), _has_chunks))

    def samples(self) -> list[tuple[bytes, int]]:
        """Keys that cut the table into parts of about equal size, with the bytes on disk before each.

        The keys need not exist; the last one is empty, for the end of the table, or is missing.
        """
        request = SampleRowKeysRequest(
            table_name=self.instance.table_name(self.table), app_profile_id=self.instance.app_profile
        )
        patient = replace(self, policy=RetryPolicy(patience=300.0, attempt_timeout=300.0))
        return patient._ask(SAMPLE_ROW_KEYS, SampleRowKeysRequest.serialize(request), _sample)

    def _ask(self, method: str, request: bytes, parse: Callable[[bytes], T]) -> list[T]:
        retries = Retries(self.policy)
        while True:
            try:
                with self.channels.stream() as channel:
                    call = channel.unary_stream(method, None, None)
                    metadata = self.instance.metadata(self.table)
                    return [parse(m) for m in call(request, metadata=metadata, timeout=self.policy.attempt_timeout)]
            except grpc.RpcError as error:
                if not is_transient(error) or retries.exhausted():
                    where = f"{method.rpartition('/')[2]} of table {self.table} in {self.instance.name}"
                    raise rpc_error(error, where) from error
                retries.wait()


def _has_chunks(message: bytes) -> bool:
    return bool(ReadRowsResponse.deserialize(message).chunks)


def _sample(message: bytes) -> tuple[bytes, int]:
    response = SampleRowKeysResponse.deserialize(message)
    return response.row_key, response.offset_bytes
