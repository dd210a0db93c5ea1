"""A map with a limited number of calls at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_ahead(function: Callable[[T], R], items: Iterable[T], calls: int) -> Iterator[R]:
    """`function` of each item, in order, with at most `calls` calls at a time, in threads.

    Useful where a call waits for a server. An item is taken when its call can begin, so no more
    than `calls` items are alive at once. The first exception is raised when its turn comes; calls
    that have begun by then are waited for; the others never begin.
    """
    with ThreadPoolExecutor(calls, "map-ahead") as pool:
        pending: deque[Future[R]] = deque()
        for item in items:
            if len(pending) == calls:
                yield pending.popleft().result()
            pending.append(pool.submit(function, item))
        while pending:
            yield pending.popleft().result()
