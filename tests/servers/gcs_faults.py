"""What can go wrong between a client and Cloud Storage, as values that the gate is given one by one."""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

ANY = "any"
QUANTUM = 256 << 10
"""Cloud Storage keeps the chunks of a resumable upload in multiples of 256 KiB (docs: resumable-uploads)."""


@dataclass(frozen=True)
class Refused:
    """The work is not done: an error is answered, in the form of the JSON API."""

    status: int
    reason: str = "backendError"
    message: str = "We encountered an internal error. Please try again."


@dataclass(frozen=True)
class AnswerLost:
    """The work is done, and the connection is cut instead of an answer."""


@dataclass(frozen=True)
class RequestCut:
    """The connection is cut when so many bytes of the request's body have come.

    Of a chunk the whole multiples of 256 KiB among them are kept; no other request has an effect.
    """

    after: int = 0


@dataclass(frozen=True)
class RequestCorrupt:
    """One bit of the request's byte at this offset of its body is turned over."""

    at: int


@dataclass(frozen=True)
class PartKept:
    """Of a chunk only so many bytes are kept, and 308 is answered, as the protocol allows."""

    size: int


@dataclass(frozen=True)
class AnswerCut:
    """The connection is cut when so many bytes of the answer's body have been sent."""

    after: int


@dataclass(frozen=True)
class AnswerCorrupt:
    """One bit of the answer's byte at this offset is turned over."""

    at: int


@dataclass(frozen=True)
class FieldsChanged:
    """Fields of the answer's JSON object have other values; those with None are left out."""

    fields: Mapping[str, str | None]


@dataclass(frozen=True)
class RangeChanged:
    """The answer tells another range of kept bytes than it should."""

    told: str


OfAnswers: TypeAlias = AnswerLost | AnswerCut | AnswerCorrupt | FieldsChanged | RangeChanged
Fault: TypeAlias = Refused | RequestCut | RequestCorrupt | PartKept | OfAnswers


@dataclass
class Faults:
    """Faults by the operation that they befall, in the order in which they come; None lets a request pass."""

    _waiting: dict[str, deque[Fault | None]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, operation: str, *faults: Fault | None) -> None:
        """Let the next requests of an operation (see `gcs_request`; ANY for any) meet these."""
        with self._lock:
            self._waiting[operation].extend(faults)

    def take(self, operation: str) -> Fault | None:
        """The fault of a request that has come."""
        with self._lock:
            for key in (operation, ANY):
                if self._waiting[key]:
                    return self._waiting[key].popleft()
        return None

    def waiting(self) -> int:
        """How many have not come yet."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def clear(self) -> None:
        """Plan nothing."""
        with self._lock:
            self._waiting.clear()
