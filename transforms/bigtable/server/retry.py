"""When a call to Bigtable is retried, and when it is given up."""

import random
import time
from dataclasses import dataclass, field

import grpc
from google.rpc.code_pb2 import Code

from transforms.bigtable.server import credentials

TRANSIENT = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.RESOURCE_EXHAUSTED, Code.CANCELLED})
"""Codes after which the same call may succeed. A CANCELLED that we did not cause comes from the server."""

_BROKEN_STREAM = ("rst_stream", "rst stream", "received unexpected eos", "connection closed")
"""An INTERNAL error with one of these texts is a broken connection, as in Google's client libraries."""

_MOST_DOUBLINGS = 100
"""Doublings of the wait: enough to reach any `longest_wait`, without overflow of a float."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait between attempts, and when to give up (all in seconds).

    Attributes:
        first_wait: Longest wait before the second attempt; it doubles with each further one.
        longest_wait: Upper limit of a wait.
        patience: Time without progress after which the error is raised.
        attempt_timeout: Deadline of one attempt.
        idle_timeout: Time without a message after which a stream is cancelled and retried.
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
        """Note progress: patience and waits start again."""
        self._tries, self._progressed = 0, time.monotonic()

    def exhausted(self) -> bool:
        """Whether there was no progress for longer than the policy's patience."""
        return time.monotonic() - self._progressed > self.policy.patience

    def wait(self) -> None:
        """Wait a random time, within the patience: so many workers do not retry at the same moment."""
        longest = min(self.policy.longest_wait, self.policy.first_wait * 2**self._tries)
        self._tries = min(self._tries + 1, _MOST_DOUBLINGS)
        left = self._progressed + self.policy.patience - time.monotonic()
        time.sleep(max(0.0, min(left, random.uniform(0, longest))))  # noqa: S311 (not used for a secret)


def is_transient(error: grpc.RpcError) -> bool:
    """Whether the same call may succeed later; gRPC says UNAVAILABLE also if there was no token."""
    code = error.code().value[0]
    if credentials.refused(error.details() or ""):
        return False
    if code == Code.INTERNAL:
        return any(words in (error.details() or "").lower() for words in _BROKEN_STREAM)
    return code in TRANSIENT
