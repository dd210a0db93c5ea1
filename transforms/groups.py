"""Neighbouring items in groups of bounded weight: for each small item alone, the way costs more than the work."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def groups_of(items: Iterable[T], weigh: Callable[[T], int], weight: int, most: int) -> Iterator[tuple[T, ...]]:
    """The items, in order, in groups of at most `most` that weigh at most `weight`, but for a single heavier item.

    A group is full as late as it can be, so which ones there are depends on the items alone.
    """
    group: list[T] = []
    held = 0
    for item in items:
        own = weigh(item)
        if group and (len(group) == most or held + own > weight):
            yield tuple(group)
            group, held = [], 0
        group.append(item)
        held += own
    if group:
        yield tuple(group)
