"""The last lines that a running program has printed."""

import os
import select
import time
from collections import deque
from threading import Lock
from typing import IO

LINES = 200
LONGEST_LINE = 500
"""Bytes kept of each line."""
_READ = 1 << 12


class Output:
    """The last lines that came out of a pipe.

    One thread reads the pipe to its end, so that the program never blocks on a full pipe. Any other thread that asks
    for lines first reads what is in the pipe, so that the reason a program prints just before it ends is not missed.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = Lock()
        self._lines: deque[tuple[float, str]] = deque(maxlen=LINES)
        self._rest = b""
        self._is_open = True

    def read_to_end(self) -> None:
        """Read until the program has closed its end."""
        while self._is_open:
            self._is_readable(None)
            with self._lock:
                self._take()
        self._pipe.close()

    def lines(self, since: float = 0.0) -> list[str]:
        """The last lines since a moment of `time.monotonic`, oldest first, each cut at `LONGEST_LINE`."""
        with self._lock:
            self._take()
            return [line for when, line in self._lines if when >= since]

    def is_open(self) -> bool:
        """Whether the program may print more: false once it has closed its end of the pipe."""
        with self._lock:
            self._take()
            return self._is_open

    def _take(self) -> None:
        while self._is_open and self._is_readable(0):
            data = os.read(self._pipe.fileno(), _READ)
            self._is_open = bool(data)
            self._keep(data or b"\n")

    def _is_readable(self, milliseconds: int | None) -> bool:
        poll = select.poll()  # one for each call, as threads share none; unlike select() it takes any descriptor
        poll.register(self._pipe, select.POLLIN)
        return bool(poll.poll(milliseconds))

    def _keep(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST_LINE]
        now = time.monotonic()
        texts = (line[:LONGEST_LINE].decode("utf-8", "replace").strip() for line in whole)
        self._lines.extend((now, text) for text in texts if text)
