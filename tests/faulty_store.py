"""A store whose calls fail where a test wants it, before or after their effect."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from transforms.errors import UnreachableError
from transforms.vault.store import opening as stores
from transforms.vault.store.interface import ObjectGroup, ObjectStat, ObjectWriter, Store
from transforms.vault.store.local import LocalStore


@dataclass
class Fault:
    """Which call fails, shared by all stores that are opened while it is in force.

    Attributes:
        number: Number of the call that fails, from 1; 0 for none.
        after: Whether it fails after its effect: the answer is lost.
        for_good: Whether all later calls fail too, before their effect: the machine is gone.
        calls: What was called: the method and the name.
    """

    number: int = 0
    after: bool = False
    for_good: bool = False
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, call: str) -> int:
        """Count a call and fail before its effect if its turn has come; returns its number."""
        with self._lock:
            self.calls.append(call)
            number = len(self.calls)
        gone = self.for_good and 0 < self.number < number
        if gone or (number == self.number and not self.after):
            raise UnreachableError(f"call {number}, {call}, fails before its effect")
        return number

    def end(self, number: int) -> None:
        """Fail after the effect of a call if its turn has come."""
        if self.after and number == self.number:
            raise UnreachableError(f"call {number}, {self.calls[number - 1]}, fails after its effect")

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        """Both."""
        number = self.begin(call)
        yield
        self.end(number)

    @property
    def struck(self) -> bool:
        """Whether the call has come."""
        return 0 < self.number <= len(self.calls)


@dataclass(frozen=True)
class FaultyStore:
    """`store`, with a fault."""

    store: Store
    fault: Fault

    def put(self, name: str, data: bytes) -> None:
        with self.fault.around(f"put {name}"):
            self.store.put(name, data)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        """Opening, each write, and the end of the stream are calls of their own."""
        with self.fault.around(f"create {name}"):
            pass
        with self.store.create(name) as writer:
            yield _FaultyWriter(writer, self.fault, name)
            number = self.fault.begin(f"end {name}")
        self.fault.end(number)

    @contextmanager
    def group(self) -> Iterator[ObjectGroup]:
        """The publication of the group is a call of its own."""
        with self.store.group() as group:
            yield _FaultyGroup(group, self.fault)
            number = self.fault.begin("publish")
        self.fault.end(number)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        with self.fault.around(f"read {name}"):
            return self.store.read(name, start, length)

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        with self.fault.around(f"stat {name}"):
            return self.store.stat(name, size)

    def list(self, prefix: str) -> Iterator[str]:
        with self.fault.around(f"list {prefix}"):
            return self.store.list(prefix)

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        with self.fault.around(f"sizes {prefix}"):
            return self.store.sizes(prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        with self.fault.around(f"folders {prefix}"):
            return self.store.folders(prefix)

    def delete(self, name: str) -> None:
        with self.fault.around(f"delete {name}"):
            self.store.delete(name)


@dataclass(frozen=True)
class _FaultyWriter:
    writer: ObjectWriter
    fault: Fault
    name: str

    def write(self, data: bytes) -> None:
        with self.fault.around(f"write {self.name}"):
            self.writer.write(data)


@dataclass(frozen=True)
class _FaultyGroup:
    group: ObjectGroup
    fault: Fault

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        with self.fault.around(f"create {name}"):
            pass
        with self.group.create(name) as writer:
            yield _FaultyWriter(writer, self.fault, name)
            number = self.fault.begin(f"end {name}")
        self.fault.end(number)


@contextmanager
def faulty_stores(fault: Fault) -> Iterator[Fault]:
    """While it is in force, every local store that is opened by its place has this fault."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "LocalStore", lambda root: FaultyStore(LocalStore(root), fault))
        yield fault
