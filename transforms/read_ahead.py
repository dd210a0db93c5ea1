"""Read-ahead: a thread makes the next items while the caller works on the last one."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Final, TypeVar

T = TypeVar("T")

DEPTH = 2
"""Most items that are ready or being made beside the one in use; it limits the memory."""


class _End:
    """Marks the end of the items."""


_END: Final = _End()


def read_ahead(items: Generator[T, None, None], depth: int = DEPTH) -> Generator[T, None, None]:
    """The items, each made in one other thread while the caller works on those before it.

    Useful where both sides spend their time in compiled code or waiting for the network. An
    exception of `items` is raised in place of its item; leaving early closes `items`.
    """
    with closing(items), ThreadPoolExecutor(1, "read-ahead") as pool:
        pending: deque[Future[T | _End]] = deque(pool.submit(next, items, _END) for _ in range(depth))
        while not isinstance(item := pending.popleft().result(), _End):
            pending.append(pool.submit(next, items, _END))
            yield item
