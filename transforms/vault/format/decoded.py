"""What documents of this process say, known by their bytes: a command reads its intent or manifest more than once."""

import hashlib
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Decoded(Generic[T]):
    """The values of the documents that were decoded or encoded last; they must be frozen, since all readers share them.

    A value is found by the SHA-256 of the document, which says all of it: it does not matter where the bytes are from.
    """

    def __init__(self, most: int) -> None:
        self._values: deque[tuple[bytes, T]] = deque(maxlen=most)  # any thread may append

    def value(self, data: bytes, decode: Callable[[], T]) -> T:
        """The value of a document; raises what `decode` does, which is called for one that is not known."""
        digest = hashlib.sha256(data).digest()
        for known, value in list(self._values):
            if known == digest:
                return value
        return self.know(data, decode())

    def know(self, data: bytes, value: T) -> T:
        """Keep the value of a document, and forget the oldest if they are too many; returns the value."""
        self._values.append((hashlib.sha256(data).digest(), value))
        return value
