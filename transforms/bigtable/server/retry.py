"""When a call to Bigtable is tried again, and when it is given up."""

import random
import time
from dataclasses import dataclass, field

import grpc
from google.rpc.code_pb2 import Code

from transforms.bigtable.server import credentials

TRANSIENT = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.RESOURCE_EXHAUSTED, Code.CANCELLED})
"""Codes after which the same call may succeed. A CANCELLED that we did not cause is the server's own."""

_BROKEN_STREAM = ("rst_stream", "rst stream", "received unexpected eos", "connection closed")
"""An INTERNAL with one of these words is a broken connection: the client libraries' rule."""

_MOST_DOUBLINGS = 100
"""Of a wait: beyond every longest wait, and far from what a float cannot hold."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait between tries, and for how long without progress (all in seconds).

    Attributes:
        first_wait: Longest wait before the second try; it doubles with each further one.
        longest_wait: Longest wait at all.
        patience: Time without progress after which the error stands.
        attempt_timeout: Deadline of one attempt.
        idle_timeout: Time without a message after which a stream is cancelled and tried again.
    """

    first_wait: float = 0.1
    longest_wait: float = 60.0
    patience: float = 900.0
    attempt_timeout: float = 3600.0
    idle_timeout: float = 300.0


@dataclass
class Retries:
    """The retries of one operation."""

    policy: RetryPolicy
    _tries: int = 0
    _progressed: float = field(default_factory=lambda: time.monotonic())

    def progress(self) -> None:
        """Something was achieved: the patience and the waits begin anew."""
        self._tries, self._progressed = 0, time.monotonic()

    def exhausted(self) -> bool:
        """Whether the patience is over."""
        return time.monotonic() - self._progressed > self.policy.patience

    def wait(self) -> None:
        """Wait before the next try: a random time within the patience, so that many workers do not come at once."""
        longest = min(self.policy.longest_wait, self.policy.first_wait * 2**self._tries)
        self._tries = min(self._tries + 1, _MOST_DOUBLINGS)
        left = self._progressed + self.policy.patience - time.monotonic()
        time.sleep(max(0.0, min(left, random.uniform(0, longest))))  # noqa: S311 (no secret is made of it)


def is_transient(error: grpc.RpcError) -> bool:
    """Whether the same call may succeed later; one for which no token was to be had is UNAVAILABLE to gRPC."""
    code = error.code().value[0]
    if credentials.refused(error.details() or ""):
        return False
    if code == Code.INTERNAL:
        return any(words in (error.details() or "").lower() for words in _BROKEN_STREAM)
    return code in TRANSIENT
