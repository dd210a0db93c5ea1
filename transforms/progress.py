"""How workers on this machine tell the command how far they are: lines appended to one file.

A local runner reports nothing while it runs. Every line is one write to a descriptor opened for appending, which POSIX
keeps whole and in one piece with any number of threads and processes.

An engine may run a piece of work again, so a worker names it:

    item = work.progress.item(f"{table}/{number}")   # this try of it
    item.add(rows=chunk.rows, bytes=chunk.bytes)     # as often as there is news, from any thread
    item.done()                                      # may bring the last rows and bytes, or all of them: `done(rows=7)`

Where one piece of work is many small ones, it may count as so many: `done(items=64)`. What is done counts once, as its
first finished try has it; of what is not, the try that came furthest counts. Work that there will be is said under a
name as well, `progress.plan(name, items=12)`, and said again by a planner that runs again.
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
"""The kinds of lines; each goes on with a name, a try, rows, bytes and items."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Work done or to be done, or a sum of it.

    Attributes:
        rows: Rows.
        bytes: Bytes: of Avro records, uncompressed, where rows are handled; of stored objects where those are read.
        items: Key ranges, objects or other pieces of work.
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

    Progress never fails the work: a file that is not there, or a full disk, loses lines and nothing else.

    Attributes:
        path: Its path; empty for no progress at all.
    """

    path: str

    def item(self, name: str) -> "Item":
        """A new try of the piece of work that has this name, whatever characters it has."""
        return Item(self, _short(name), secrets.token_hex(4).encode() if self.path else b"")

    def plan(self, name: str, items: int = 0, bytes: int = 0) -> None:
        """Say how much work there will be for what has this name: a table, a file of an index."""
        self._write(PLAN, _short(name), b"-", Amount(0, bytes, items))

    def close(self) -> None:
        """Give this process's descriptor back; the next line opens it again."""
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
    """One try of a piece of work; see `ProgressFile.item`."""

    file: ProgressFile
    name: bytes
    attempt: bytes

    def add(self, rows: int = 0, bytes: int = 0) -> None:
        """Say what is new since the last call."""
        self.file._write(NEWS, self.name, self.attempt, Amount(rows, bytes))

    def done(self, rows: int = 0, bytes: int = 0, items: int = 1) -> None:
        """Say that the work is done, what is new since the last call, and as how many pieces it counts."""
        self.file._write(DONE, self.name, self.attempt, Amount(rows, bytes, items))


def _short(name: str) -> bytes:
    """A name of one length without a space: names of tables have any characters."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest().encode()
