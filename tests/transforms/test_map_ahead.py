import threading
from collections.abc import Iterator

import pytest

from transforms.map_ahead import map_ahead

PATIENCE = 30.0


@pytest.mark.parametrize("calls", [1, 2, 7])
@pytest.mark.parametrize("items", [0, 1, 5, 50])
def test_results_come_in_the_order_of_the_items(items: int, calls: int) -> None:
    assert list(map_ahead(lambda number: number * number, range(items), calls)) == [n * n for n in range(items)]


def test_as_many_calls_as_allowed_are_under_way_at_once() -> None:
    together = threading.Barrier(3)
    assert list(map_ahead(lambda _: together.wait(PATIENCE), range(6), 3)) != []


def test_no_more_calls_than_allowed_are_under_way() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def call(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1

    list(map_ahead(call, range(200), 3))
    assert 1 <= most[0] <= 3


def test_an_item_is_taken_only_when_its_call_can_begin() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number, items(), 4)
    assert next(results) == 0
    assert len(taken) == 5


def test_the_first_error_is_raised_when_its_turn_comes() -> None:
    def call(number: int) -> int:
        if number >= 3:
            raise ValueError(f"no {number}")
        return number

    results = map_ahead(call, range(10), 4)
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no 3"):
        next(results)
