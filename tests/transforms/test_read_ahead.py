import threading
from collections.abc import Generator

import pytest

from transforms.read_ahead import DEPTH, read_ahead

PATIENCE = 30.0


class Numbers:
    """Counts how many numbers were made, and whether their maker was closed."""

    def __init__(self, end: int, fails_at: int | None = None) -> None:
        self.made: list[int] = []
        self.threads: set[str] = set()
        self.closed = False
        self._end, self._fails_at = end, fails_at

    def items(self) -> Generator[int, None, None]:
        try:
            for number in range(self._end):
                if number == self._fails_at:
                    raise ValueError(f"no {number}")
                self.threads.add(threading.current_thread().name)
                self.made.append(number)
                yield number
        finally:
            self.closed = True


@pytest.mark.parametrize("end", [0, 1, 2, 3, 100])
def test_the_items_come_in_their_order(end: int) -> None:
    assert list(read_ahead(Numbers(end).items())) == list(range(end))


def test_items_are_made_in_another_thread() -> None:
    numbers = Numbers(10)
    list(read_ahead(numbers.items()))
    assert numbers.threads
    assert threading.current_thread().name not in numbers.threads


def test_no_more_than_the_depth_is_made_ahead() -> None:
    numbers = Numbers(100)
    for item in read_ahead(numbers.items()):
        assert len(numbers.made) <= item + 1 + DEPTH


def test_the_next_item_is_made_while_one_is_worked_on() -> None:
    made = threading.Event()

    def two() -> Generator[int, None, None]:
        yield 1
        made.set()
        yield 2

    items = read_ahead(two(), depth=1)
    assert next(items) == 1
    assert made.wait(PATIENCE)
    assert list(items) == [2]


def test_an_error_comes_where_its_item_would_have_come() -> None:
    numbers = Numbers(10, fails_at=3)
    items = read_ahead(numbers.items())
    assert [next(items), next(items), next(items)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no 3"):
        next(items)
    assert numbers.closed


def test_leaving_early_closes_the_maker() -> None:
    numbers = Numbers(100)
    items = read_ahead(numbers.items())
    next(items)
    items.close()
    assert numbers.closed
    assert len(numbers.made) <= 1 + DEPTH
