"""How workers on this machine tell the command how far they are: lines appended to one file.

A local runner reports nothing while it runs. Every line is one write to a descriptor opened for
appending, which POSIX keeps whole and in one piece with any number of threads and processes.
"""

import contextlib
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass

_descriptors: dict[str, int] = {}
_opening = threading.Lock()
_GONE = -1


@dataclass(frozen=True, slots=True)
class Progress:
    """Work done, or a sum of it.

    Attributes:
        rows: Rows.
        bytes: Bytes of Avro records, uncompressed.
        ranges: Finished key ranges or other work items.
        planned: Work items that there will be.
    """

    rows: int = 0
    bytes: int = 0
    ranges: int = 0
    planned: int = 0

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            self.rows + other.rows,
            self.bytes + other.bytes,
            self.ranges + other.ranges,
            self.planned + other.planned,
        )


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """The file that the workers of one machine append to; it must exist.

    Progress never fails the work: a file that is not there, or a full disk, loses lines and nothing else.

    Attributes:
        path: Its path; empty for no progress at all.
    """

    path: str

    def add(self, rows: int = 0, bytes: int = 0, ranges: int = 0, planned: int = 0) -> None:
        """Append one line; the arguments are the fields of `Progress`, and what is new since the last call."""
        descriptor = self._descriptor() if self.path else _GONE
        if descriptor != _GONE:
            with contextlib.suppress(OSError):
                os.write(descriptor, b"%d %d %d %d\n" % (rows, bytes, ranges, planned))

    def close(self) -> None:
        """Give this process's descriptor back; `add` opens it again."""
        with _opening:
            descriptor = _descriptors.pop(self.path, _GONE)
        if descriptor != _GONE:
            os.close(descriptor)

    def _descriptor(self) -> int:
        with _opening:
            if self.path not in _descriptors:
                _descriptors[self.path] = self._open()
            return _descriptors[self.path]

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except OSError:
            return _GONE


def sum_lines(lines: Iterable[bytes]) -> Progress:
    """The sum of whole lines that `ProgressFile.add` wrote."""
    total = Progress()
    for line in lines:
        total += Progress(*map(int, line.split()))
    return total
