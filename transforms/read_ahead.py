"""Reading ahead: the next items are made in a thread while the last one is worked on."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Final, TypeVar

T = TypeVar("T")

DEPTH = 2
"""Items that are ready or being made beside the one that is worked on: the bound of the memory."""


class _End:
    """What stands behind the last item."""


_END: Final = _End()


def read_ahead(items: Generator[T, None, None], depth: int = DEPTH) -> Generator[T, None, None]:
    """The items, each made in one other thread while the caller works on those before it.

    Worth it where both sides spend their time in compiled code or waiting for the network. An
    exception of `items` is raised where its item would have come; leaving early closes `items`.
    """
    with closing(items), ThreadPoolExecutor(1, "read-ahead") as pool:
        pending: deque[Future[T | _End]] = deque(pool.submit(next, items, _END) for _ in range(depth))
        while not isinstance(item := pending.popleft().result(), _End):
            pending.append(pool.submit(next, items, _END))
            yield item
