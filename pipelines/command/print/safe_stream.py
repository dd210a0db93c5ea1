"""Standard output and error without terminal control sequences; all text for people goes through them."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, cast

from pipelines.command.print.escapes import lines


class SafeStream:
    """A text stream that escapes control characters; everything else is passed to the stream itself.

    Attributes:
        raw: The stream itself, for code that moves the cursor of a terminal on purpose.
        unread: Whether a write has found that its reader is gone.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self.unread = False

    def write(self, text: str) -> int:
        """Write text, escaped; returns the number of characters of `text`."""
        with self._watched():
            self.raw.write(lines(text))
        return len(text)

    def flush(self) -> None:
        """Write what is still buffered."""
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

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the stream
        return getattr(self.raw, name)


def raw_of(stream: TextIO) -> TextIO:
    """The stream below a `SafeStream`; any other stream itself."""
    return raw_of(stream.raw) if isinstance(stream, SafeStream) else stream


@contextlib.contextmanager
def safe_streams() -> Iterator[Callable[[], bool]]:
    """Make standard output and error safe; yields a function: whether the reader of one is gone, as in `| head`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for characters that the terminal's encoding lacks
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
    """Discard buffered output whose reader is gone: otherwise Python fails at its exit and prints an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
