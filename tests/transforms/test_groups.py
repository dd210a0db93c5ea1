from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transforms.groups import groups_of

WEIGHTS = st.lists(st.integers(0, 30), max_size=40)


@given(WEIGHTS, st.integers(0, 60), st.integers(1, 9))
def test_groups_hold_every_item_once_within_their_bounds(weights: list[int], weight: int, most: int) -> None:
    items = list(enumerate(weights))
    groups = list(groups_of(items, lambda item: item[1], weight, most))
    assert [item for group in groups for item in group] == items
    assert all(len(group) == 1 or sum(own for _, own in group) <= weight for group in groups)
    assert all(0 < len(group) <= most for group in groups)


@given(WEIGHTS, st.integers(0, 60), st.integers(1, 9))
def test_neighbouring_groups_could_not_be_one(weights: list[int], weight: int, most: int) -> None:
    groups = list(groups_of(weights, lambda own: own, weight, most))
    for group, following in pairwise(groups):
        assert len(group) == most or sum(group) + following[0] > weight


def test_an_item_is_taken_only_when_its_group_is_asked_for() -> None:
    taken = []
    groups = groups_of((taken.append(n) or 1 for n in range(9)), lambda own: own, 2, 9)  # type: ignore[func-returns-value]
    next(groups)
    assert taken == [0, 1, 2]
