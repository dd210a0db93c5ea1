"""Small calls about a table, on the same channel and with the same retries as reading its rows."""

from contextlib import closing
from dataclasses import dataclass, field

import grpc
from google.cloud.bigtable_v2.types import SampleRowKeysRequest, SampleRowKeysResponse

from transforms.bigtable.ranges.read import RowReader
from transforms.bigtable.server.channel import ChannelKeeper, keeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import Retries, RetryPolicy, is_transient
from transforms.bigtable.server.rpc_errors import rpc_error
from transforms.bigtable.server.watchdog import Watchdog
from transforms.key_range import KeyRange

SAMPLE_ROW_KEYS = "/google.bigtable.v2.Bigtable/SampleRowKeys"


@dataclass(frozen=True)
class TableProbe:
    """Questions about a table, with the same timeouts as its readers: the first row may take long.

    It does where the first rows were deleted and not compacted yet, since the server must skip them.
    """

    instance: Instance
    table: str
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    channels: ChannelKeeper = field(default_factory=keeper)

    def is_empty(self) -> bool:
        """Whether it has no row.

        Raises:
            NotFoundError: if there is no such table.
            UnreachableError: if the server does not answer, or this account may not read rows.
        """
        reader = RowReader(self.instance, self.table, self.policy, self.channels, first_only=True)
        with closing(reader.read(KeyRange(), 1)) as batches:
            return next(batches, None) is None

    def samples(self) -> list[tuple[bytes, int]]:
        """Keys that split the table into parts of about equal size, with the bytes on disk before each.

        No row needs to have such a key; the last key is empty, for the end of the table, or is missing.

        Raises:
            NotFoundError: if there is no such table.
            UnreachableError: if the server does not answer, or this account may not read rows.
        """
        retries = Retries(self.policy)
        while True:
            try:
                return self._ask()
            except grpc.RpcError as error:
                if not is_transient(error) or retries.exhausted():
                    where = f"SampleRowKeys of table {self.table} of {self.instance.name}"
                    raise rpc_error(error, where) from error
                retries.wait()

    def _ask(self) -> list[tuple[bytes, int]]:
        samples = []
        with self.channels.stream() as channel:
            call = channel.unary_stream(SAMPLE_ROW_KEYS, None, None)(
                self._request(), metadata=self.instance.metadata(self.table), timeout=self.policy.attempt_timeout
            )
            with Watchdog(call, self.policy.idle_timeout) as watchdog:
                for message in call:
                    samples.append(_sample(message))
                    watchdog.beat()
        return samples

    def _request(self) -> bytes:
        name, profile = self.instance.table_name(self.table), self.instance.app_profile
        data: bytes = SampleRowKeysRequest.serialize(SampleRowKeysRequest(table_name=name, app_profile_id=profile))
        return data


def _sample(message: bytes) -> tuple[bytes, int]:
    response = SampleRowKeysResponse.deserialize(message)
    return response.row_key, response.offset_bytes
