"""The progress of a job on this machine: one line that is updated, or a new line every few seconds."""

import contextlib
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from pipelines.command.print.safe_stream import raw_of
from pipelines.command.print.sizes import counted, human_bytes, human_count, human_rate
from transforms.progress import Amount, ProgressFile
from transforms.progress_tally import Tally

_TERMINAL_SECONDS = 0.5
_PLAIN_SECONDS = 5.0
# The rate is that of the last few lines, so that it drops when a job stalls.
_RATE_LINES = 10
# ECMA-48: EL, erase from the cursor to the end of the line.
_CLEAR = "\r\x1b[K"
# The work after the last byte, such as indexes and the manifest, counts too.
_MOST_PERCENT = 99


class ProgressLine:
    """While its `with` block runs, shows the progress that workers append to a file.

    On a terminal one line is updated in place, elsewhere a plain line is printed every five seconds; a last line has
    the totals. The lines go to stderr: stdout is for the result.

    Args:
        verb: What the job is doing, such as `backing up`.
        whole: The bytes that the job will handle, or else its pieces of work, if either is known; otherwise what
            workers report as planned.
        path: The progress file, in the caller's temporary folder; created if it does not exist.
        stream: Where the lines go; stderr if None.
        quiet: Show nothing.
        interval: Seconds between two lines; by default half a second on a terminal and five seconds elsewhere.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        verb: str,
        whole: Amount,
        path: str | Path,
        stream: TextIO | None = None,
        *,
        quiet: bool = False,
        interval: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verb = verb
        self._whole = whole
        self._tail = _Tail(Path(path))
        self._stream = raw_of(stream or sys.stderr)
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
            self._write(self._last(kind is None), last=True)
        ProgressFile(str(self._tail.path)).close()

    @property
    def total(self) -> Amount:
        """What the workers have done so far."""
        return self._tail.read().total

    def _show_until_ended(self) -> None:
        while not self._ended.wait(self._interval):
            self._write(self._line())

    def _line(self) -> str:
        tally, now = self._tail.read(), self._clock()
        then, bytes_then = self._samples[0]
        self._samples.append((now, tally.total.bytes))
        rate = human_rate(tally.total.bytes - bytes_then, now - then)
        return f"{self._verb}: {_amount(tally.total)}, {rate}, {self._share(tally)}"

    def _last(self, done: bool) -> str:
        tally, seconds = self._tail.read(), self._clock() - self._began
        rate = human_rate(tally.total.bytes, seconds)
        outcome = "done" if done else f"stopped at {self._share(tally)}"
        return f"{self._verb}: {outcome}: {_amount(tally.total)} in {seconds:,.1f} s, {rate}"

    def _share(self, tally: Tally) -> str:
        """The part that is done, of the bytes if they are known, else of the pieces of work."""
        done, whole = tally.total, self._whole + tally.planned
        if whole.bytes:
            return f"{_percent(done.bytes, whole.bytes)} of {human_bytes(whole.bytes)}"
        if whole.items:
            return f"{_percent(done.items, whole.items)} ({human_count(done.items)} of {human_count(whole.items)})"
        return counted(done.items, "part")

    def _write(self, line: str, last: bool = False) -> None:
        with contextlib.suppress(OSError):  # the work goes on without its terminal
            if self._terminal and not last:
                # A wrapped line could not be cleared.
                self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
            else:
                self._stream.write(f"{_CLEAR if self._terminal else ''}{line}\n")
            self._stream.flush()


class _Tail:
    """The tally of a progress file; each reading continues where the last one ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tally = Tally()
        self._offset = 0
        self._reading = threading.Lock()

    def read(self) -> Tally:
        """The tally of all complete lines."""
        with self._reading, self.path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
            whole = new.rfind(b"\n") + 1
            self._offset += whole
            self._tally.add(new[:whole].splitlines())
            return self._tally


def _amount(total: Amount) -> str:
    rows = [counted(total.rows, "row")] if total.rows or not total.bytes else []  # not all know rows
    return ", ".join([*rows, human_bytes(total.bytes)])


def _percent(done: int, whole: int) -> str:
    return f"{min(100 * done // whole, _MOST_PERCENT)}%"
