"""Progress of workers on this machine: lines that they append to one file, which the command reads.

A local runner reports nothing while it runs. Every line is one write to a descriptor opened for appending, which POSIX
keeps whole with any number of threads and processes.

An engine may run a unit of work again, so a worker names it:

    item = work.progress.item(f"{table}/{number}")   # this attempt
    item.add(rows=chunk.rows, bytes=chunk.bytes)     # any number of times, from any thread
    item.done()                                      # may add the last rows and bytes, or all of them: `done(rows=7)`

A unit that consists of many small ones may count as that many: `done(items=64)`. Finished work counts once, with its
first finished attempt; of unfinished work, the attempt that came furthest counts. Planned work is announced under a
name too, `progress.plan(name, items=12)`, and a planner that runs again announces it again.
"""

import contextlib
import os
import secrets
from dataclasses import dataclass
from hashlib import blake2b

from transforms.process_registry import ProcessRegistry

_DESCRIPTORS = ProcessRegistry[str, int]()
_GONE = -1
PLAN, NEWS, DONE = b"p", b"n", b"d"
"""The kinds of lines; each continues with a name, an attempt, rows, bytes and items."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Work done or to be done, or a sum of it.

    Attributes:
        rows: Rows.
        bytes: Bytes: of Avro records, uncompressed, where rows are handled; of stored objects where those are read.
        items: Key ranges, objects or other units of work.
    """

    rows: int = 0
    bytes: int = 0
    items: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.rows + other.rows, self.bytes + other.bytes, self.items + other.items)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.rows - other.rows, self.bytes - other.bytes, self.items - other.items)


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """The file that the workers of one machine append to; it must exist.

    Progress never makes the work fail: if the file is missing or the disk is full, only lines are lost.

    Attributes:
        path: Its path; empty for no progress.
    """

    path: str

    def item(self, name: str) -> "Item":
        """A new attempt of the unit of work with this name, which may contain any characters."""
        return Item(self, _short(name), secrets.token_hex(4).encode() if self.path else b"")

    def plan(self, name: str, items: int = 0, bytes: int = 0) -> None:
        """Announce how much work there will be under a name, such as that of a table or an index file."""
        self._write(PLAN, _short(name), b"-", Amount(0, bytes, items))

    def close(self) -> None:
        """Close this process's descriptor; the next line opens it again."""
        with _DESCRIPTORS.held() as descriptors:
            descriptor = descriptors.pop(self.path, _GONE)
        if descriptor != _GONE:
            os.close(descriptor)

    def _write(self, kind: bytes, name: bytes, attempt: bytes, amount: Amount) -> None:
        descriptor = self._descriptor() if self.path else _GONE
        if descriptor != _GONE:
            with contextlib.suppress(OSError):
                numbers = (amount.rows, amount.bytes, amount.items)
                os.write(descriptor, b"%s %s %s %d %d %d\n" % (kind, name, attempt, *numbers))

    def _descriptor(self) -> int:
        with _DESCRIPTORS.held() as descriptors:
            if self.path not in descriptors:
                descriptors[self.path] = self._open()
            return descriptors[self.path]

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except OSError:
            return _GONE


@dataclass(frozen=True, slots=True)
class Item:
    """One attempt of a unit of work; see `ProgressFile.item`."""

    file: ProgressFile
    name: bytes
    attempt: bytes

    def add(self, rows: int = 0, bytes: int = 0) -> None:
        """Report what was done since the last call."""
        self.file._write(NEWS, self.name, self.attempt, Amount(rows, bytes))

    def done(self, rows: int = 0, bytes: int = 0, items: int = 1) -> None:
        """Report that the work is done, what was done since the last call, and as how many units it counts."""
        self.file._write(DONE, self.name, self.attempt, Amount(rows, bytes, items))


def _short(name: str) -> bytes:
    """A name of fixed length without spaces: names of tables may contain any characters."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest().encode()
