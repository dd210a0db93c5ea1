"""Writes canonical records with `MutateRows`, and makes sure that the server has taken every entry."""

from dataclasses import dataclass, field

import grpc
from google.rpc.code_pb2 import Code

from transforms.bigtable.codec.mutate_request import MutateRequest
from transforms.bigtable.codec.mutate_response import failed_entries
from transforms.bigtable.codec.mutation_encoder import encode
from transforms.bigtable.server.channel import ChannelKeeper, keeper
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.server.retry import TRANSIENT, Retries, RetryPolicy, is_transient
from transforms.bigtable.server.rpc_errors import rpc_error, status_error
from transforms.key_range import printable

METHOD = "/google.bigtable.v2.Bigtable/MutateRows"
_POLICY = RetryPolicy(attempt_timeout=600.0)


@dataclass(frozen=True)
class RowWriter:
    """Writes records to one table. Cells carry their timestamps, so writing them again changes nothing."""

    instance: Instance
    table: str
    policy: RetryPolicy = _POLICY
    channels: ChannelKeeper = field(default_factory=keeper)

    def write(self, records: bytes) -> None:
        """Write canonical records, back to back; returns when the server has taken every cell.

        Raises:
            ShardkeepError: with row key and reason, if the server refuses an entry.
            UnreachableError: if the server fails for longer than the policy's patience.
        """
        for request in encode(records, self.instance.table_name(self.table), self.instance.app_profile):
            self._send(request)

    def _send(self, request: MutateRequest) -> None:
        retries = Retries(self.policy)
        while True:
            rest, reason = self._attempt(request)
            if not rest:
                return
            if len(rest) < len(request):
                retries.progress()
            if retries.exhausted():
                raise status_error(Code.UNAVAILABLE, reason, self._where(request, rest[0]))
            request = request if len(rest) == len(request) else request.only(rest)
            retries.wait()

    def _attempt(self, request: MutateRequest) -> tuple[list[int], str]:
        """Send once; returns the indexes of the entries that must be sent again, and why."""
        answered = bytearray(len(request))
        failed: list[tuple[int, int, str]] = []
        try:
            with self.channels.stream() as channel:
                metadata = self.instance.metadata(self.table)
                call = channel.unary_stream(METHOD, None, None)
                for message in call(request.data, metadata=metadata, timeout=self.policy.attempt_timeout):
                    failed += failed_entries(message, answered)
        except grpc.RpcError as error:
            if not is_transient(error):
                raise rpc_error(error, self._where(request, 0)) from error
            return self._left(request, answered, failed), error.details() or error.code().name
        return self._left(request, answered, failed), failed[-1][2] if failed else "the server did not answer for it"

    def _left(self, request: MutateRequest, answered: bytearray, failed: list[tuple[int, int, str]]) -> list[int]:
        for entry, code, details in failed:
            if code not in TRANSIENT:
                raise status_error(code, details, self._where(request, entry))
        unanswered = [entry for entry, done in enumerate(answered) if not done] if not all(answered) else []
        return sorted([*unanswered, *(entry for entry, _, _ in failed)])

    def _where(self, request: MutateRequest, entry: int) -> str:
        return f"writing table {self.table} of {self.instance.name}, row key {printable(request.key(entry))}"
