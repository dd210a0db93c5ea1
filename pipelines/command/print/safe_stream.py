"""Standard output and error, through which all text for people goes: nothing on them makes a terminal act."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, cast

from pipelines.command.print.escapes import lines


class SafeStream:
    """A stream of text that escapes what a terminal would act on; everything else is the stream's own.

    Attributes:
        raw: The stream itself, for those who move a terminal's cursor with words of their own.
        unread: Whether its reader was found to be gone.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self.unread = False

    def write(self, text: str) -> int:
        """Write text, escaped; returns how much of it was taken."""
        with self._watched():
            self.raw.write(lines(text))
        return len(text)

    def flush(self) -> None:
        """Write what is kept back."""
        with self._watched():
            self.raw.flush()

    def writelines(self, texts: Iterable[str]) -> None:
        """Write texts, escaped."""
        for text in texts:
            self.write(text)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self.unread = True
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self.raw, name)


def raw_of(stream: TextIO) -> TextIO:
    """The stream that the words of a `SafeStream` go to; any other stream is its own."""
    return raw_of(stream.raw) if isinstance(stream, SafeStream) else stream


@contextlib.contextmanager
def safe_streams() -> Iterator[Callable[[], bool]]:
    """Make standard output and error safe; gives what tells whether the reader of one is gone, as in `| head`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # of what the terminal's encoding lacks
    out, error = SafeStream(sys.stdout), SafeStream(sys.stderr)
    with contextlib.redirect_stdout(cast(TextIO, out)), contextlib.redirect_stderr(cast(TextIO, error)):
        yield lambda: _is_unread(out) | _is_unread(error)


def _is_unread(stream: SafeStream) -> bool:
    with contextlib.suppress(BrokenPipeError):
        stream.flush()
    if stream.unread:
        _drop(stream.fileno())
    return stream.unread


def _drop(descriptor: int) -> None:
    """Send what is left for a reader that is gone to nowhere: Python would fail on it, and say so, as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
