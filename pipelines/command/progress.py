"""The progress of a job on this machine: one line that is kept up to date, or one now and then."""

import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from pipelines.command.sizes import human_bytes, human_count, human_rate
from transforms.progress import Progress, ProgressFile, sum_lines

_TERMINAL_SECONDS = 0.5
_PLAIN_SECONDS = 5.0
# The rate shown is that of the last few lines, so that a job that stalls is seen to stall.
_RATE_LINES = 10
# ECMA-48: EL, erase from the cursor to the end of the line.
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Shows, while its block runs, what workers append to a progress file.

    On a terminal one line is written over and over, elsewhere a plain line every five seconds; at the end a last
    line with the totals. The lines go to stderr: stdout belongs to the result.

    Args:
        verb: What the job is doing, such as `backing up`.
        total_ranges: Work items of the job if they are known; workers may report more as `planned`.
        path: The progress file, created if it is not there; the caller's temporary folder owns it.
        stream: Where the lines go; stderr if None.
        quiet: Show nothing at all.
        interval: Seconds between two lines; by default half a second on a terminal and five seconds elsewhere.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        verb: str,
        total_ranges: int | None,
        path: str | Path,
        stream: TextIO | None = None,
        *,
        quiet: bool = False,
        interval: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verb = verb
        self._tail = _Tail(Path(path), Progress(planned=total_ranges or 0))
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._interval = interval or (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS)
        self._clock = clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show_until_ended, name="progress", daemon=True)

    def __enter__(self) -> "ProgressLine":
        self._began = self._clock()
        self._samples = deque([(self._began, 0)], maxlen=_RATE_LINES)
        self._tail.path.touch()
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if not self._quiet:
            self._thread.join()
            self._write(self._last("done" if kind is None else "stopped"), last=True)
        ProgressFile(str(self._tail.path)).close()

    @property
    def total(self) -> Progress:
        """What the workers have reported up to now."""
        return self._tail.read()

    def _show_until_ended(self) -> None:
        while not self._ended.wait(self._interval):
            self._write(self._line())

    def _line(self) -> str:
        total, now = self._tail.read(), self._clock()
        then, bytes_then = self._samples[0]
        self._samples.append((now, total.bytes))
        rate = human_rate(total.bytes - bytes_then, now - then)
        return f"{self._verb}: {_amount(total)}, {rate}, {_share(total)}"

    def _last(self, outcome: str) -> str:
        total, seconds = self._tail.read(), self._clock() - self._began
        rate = human_rate(total.bytes, seconds)
        return f"{self._verb}: {outcome}: {_amount(total)} in {seconds:,.1f} s, {rate}, {_share(total)}"

    def _write(self, line: str, last: bool = False) -> None:
        if self._terminal and not last:
            # A line that wraps could not be cleared again.
            self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
        else:
            self._stream.write(f"{_CLEAR if self._terminal else ''}{line}\n")
        self._stream.flush()


class _Tail:
    """The sum of a progress file, read on from where the last reading ended."""

    def __init__(self, path: Path, start: Progress) -> None:
        self.path = path
        self._total = start
        self._offset = 0
        self._reading = threading.Lock()

    def read(self) -> Progress:
        """The sum of all whole lines."""
        with self._reading, self.path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
            whole = new.rfind(b"\n") + 1
            self._offset += whole
            self._total += sum_lines(new[:whole].splitlines())
            return self._total


def _amount(total: Progress) -> str:
    return f"{human_count(total.rows)} rows, {human_bytes(total.bytes)}"


def _share(total: Progress) -> str:
    if not total.planned:
        return f"{human_count(total.ranges)} ranges"
    # A range that an engine runs twice is reported twice.
    done = min(total.ranges, total.planned)
    percent = 100 * done // total.planned
    return f"{percent}% of ranges ({human_count(done)} of {human_count(total.planned)})"
