"""Neighbouring items in groups of limited weight: handling each small item alone would cost more than the work."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def groups_of(items: Iterable[T], weigh: Callable[[T], int], weight: int, most: int) -> Iterator[tuple[T, ...]]:
    """The items, in order, in groups of at most `most` items and `weight`; only a single item may weigh more.

    Each group takes as many items as fit, so the groups depend on the items alone.
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
