"""Batches of steps: each is closed under what its steps need, and each step is in one."""

from hypothesis import given
from hypothesis import strategies as st

from transforms.postgres.objects.step import Step
from transforms.postgres.objects.step_batches import closed_batches


def step(name: int, *needs: int) -> Step:
    return Step(str(name), f"step {name}", b"", tuple(map(str, needs)))


@st.composite
def steps(draw: st.DrawFn) -> tuple[list[Step], list[Step]]:
    """Steps that need earlier ones, cut into first and later ones."""
    count = draw(st.integers(0, 40))
    made = [step(name, *draw(st.lists(st.integers(-2, name - 1), max_size=3))) for name in range(count)]
    cut = draw(st.integers(0, count))
    return made[:cut], made[cut:]


@given(steps(), st.integers(1, 10))
def test_each_step_is_run_in_some_batch_with_all_that_it_needs(parts: tuple[list[Step], list[Step]], size: int) -> None:
    first, later = parts
    by_name = {each.name: each for each in (*first, *later)}
    batches = list(closed_batches(first, later, size=size))
    assert frozenset[str]().union(*batches) == frozenset(by_name)
    for batch in batches:
        assert all(need in batch for name in batch for need in by_name[name].needs if need in by_name)


def test_independent_tables_with_their_indexes_are_run_once() -> None:
    schema = step(0)
    tables = [step(number, 0) for number in range(1, 101)]
    indexes = [step(1000 + number, number) for number in range(1, 101)]
    batches = list(closed_batches([schema, *tables], indexes, size=20))
    assert sum(len(batch) for batch in batches) == 200 + len(batches)  # the schema each time
    assert max(len(batch) for batch in batches) <= 21


def test_steps_that_fit_make_one_batch() -> None:
    made = [step(0), step(1, 0), step(2, 1)]
    (batch,) = closed_batches(made[:2], made[2:], size=3)
    assert batch == {"0", "1", "2"}


def test_a_chain_longer_than_a_batch_is_run_whole() -> None:
    chain = [step(0), *(step(name, name - 1) for name in range(1, 10))]
    batches = list(closed_batches(chain, [], size=3))
    assert len(batches[-1]) == 10


def test_every_batch_runs_what_is_always_run_and_what_goes_with_its_steps() -> None:
    library, tables = [step(0), step(1, 0)], [step(number) for number in range(2, 12)]
    attaching = [step(100 + number, number, number - 1) for number in range(3, 12, 2)]
    companions = {str(number): [str(100 + number)] for number in range(3, 12, 2)}
    batches = list(closed_batches([*library, *tables, *attaching], [], ["1"], companions, 5))
    assert len(batches) > 2
    for batch in batches:
        assert batch >= {"0", "1"}
        assert all(batch.issuperset(companions.get(name, ())) for name in batch)


def test_nothing_makes_no_batch() -> None:
    assert list(closed_batches([], [])) == []
