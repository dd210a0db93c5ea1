"""A cache of decoded documents: a command reads its intent or manifest more than once."""

import hashlib
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Decoded(Generic[T]):
    """The values of the documents decoded or encoded last; they must be frozen, since all readers share them.

    A value is found by the document's SHA-256, so it does not matter where the bytes are from.
    """

    def __init__(self, most: int) -> None:
        self._values: deque[tuple[bytes, T]] = deque(maxlen=most)  # any thread may append

    def value(self, data: bytes, decode: Callable[[], T]) -> T:
        """The value of a document; an unknown one is decoded by `decode`, whose errors are raised."""
        digest = hashlib.sha256(data).digest()
        for known, value in list(self._values):
            if known == digest:
                return value
        return self.know(data, decode())

    def know(self, data: bytes, value: T) -> T:
        """Keep the value of a document, and forget the oldest if there are too many; returns the value."""
        self._values.append((hashlib.sha256(data).digest(), value))
        return value
