"""Values that threads share but a forked process must not: connections, clients, child processes, descriptors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ProcessRegistry(Generic[K, V]):
    """Values by key, for one thread at a time; a forked process starts with no values and a free lock.

    Two processes that share a connection damage each other's answers, and a lock that another thread held
    during the fork is never released in the child. The child keeps its parent's values unused: most
    would close a session, or end a process, when they are destroyed.

    A registry is made when a module is imported, and lasts as long as the process.
    """

    def __init__(self) -> None:
        self._lock, self._items = Lock(), dict[K, V]()
        self._of_parents: list[dict[K, V]] = []
        os.register_at_fork(after_in_child=self._begin_anew)

    @contextmanager
    def held(self) -> Iterator[dict[K, V]]:
        """All values; no other thread reads or changes them until the block ends."""
        with self._lock:
            yield self._items

    def _begin_anew(self) -> None:
        self._of_parents.append(self._items)
        self._lock, self._items = Lock(), {}
