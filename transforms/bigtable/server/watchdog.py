"""A watchdog that cancels a stream on which nothing has arrived for too long."""

import threading
import time
from types import TracebackType

import grpc


class Watchdog:
    """Cancels `call`, while the block runs, if `beat` has not been called for `limit` seconds."""

    def __init__(self, call: grpc.Call, limit: float) -> None:
        self._call = call
        self._limit = limit
        self._done = threading.Event()
        self._last = time.monotonic()
        self._paused = False
        self._thread = threading.Thread(target=self._watch, name="bigtable-watchdog", daemon=True)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def beat(self) -> None:
        """Note that a message arrived, or that the wait for one starts again."""
        # In this order: the thread must never see the old time while it is not paused.
        self._last = time.monotonic()
        self._paused = False

    def pause(self) -> None:
        """Stop counting until the next `beat`."""
        self._paused = True

    def _watch(self) -> None:
        rest = self._limit
        while not self._done.wait(rest):
            rest = self._limit if self._paused else self._last + self._limit - time.monotonic()
            if rest <= 0:
                self._call.cancel()
                return
