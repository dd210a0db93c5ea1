"""What the threads of a process share and a forked process must not: connections, clients, children, descriptors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ProcessRegistry(Generic[K, V]):
    """Values by key, for one thread at a time; a forked process begins with none, and with a lock that is free.

    Two processes that speak through one connection damage each other's answers, and a lock that another thread held
    while the process was forked is never given back in the child. The child keeps its parent's values unused: most
    would say good-bye to a server, or end a process, when they are destroyed.

    One is made where a module is imported, and lasts as long as the process.
    """

    def __init__(self) -> None:
        self._lock, self._items = Lock(), dict[K, V]()
        self._of_parents: list[dict[K, V]] = []
        os.register_at_fork(after_in_child=self._begin_anew)

    @contextmanager
    def held(self) -> Iterator[dict[K, V]]:
        """All values, which no other thread sees or changes until the block ends."""
        with self._lock:
            yield self._items

    def _begin_anew(self) -> None:
        self._of_parents.append(self._items)
        self._lock, self._items = Lock(), {}
