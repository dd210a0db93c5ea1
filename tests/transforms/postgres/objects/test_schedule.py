"""Which steps run at once."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from transforms.postgres.objects.schedule import Schedule
from transforms.postgres.objects.step import Step


def step(name: str, tables: Iterable[str] = (), *, shares: bool = False, needs: Iterable[str] = ()) -> Step:
    return Step(name, name, b"", needs=tuple(needs), tables=frozenset(tables), shares=shares)


def scheduled(*steps: Step) -> Schedule:
    return Schedule({each.name: each for each in steps})


def started(schedule: Schedule) -> list[Step]:
    """All that may start now."""
    return list(iter(schedule.start, None))


def test_indexes_of_one_table_are_made_at_once_and_constraints_alone() -> None:
    index = [step(name, "t", shares=True) for name in ("1", "2")]
    key, other = step("3", "t"), step("4", "u")
    schedule = scheduled(*index, key, other)
    assert started(schedule) == [*index, other]
    for each in index:
        assert started(schedule) == []
        schedule.done(each)
    assert started(schedule) == [key]


def test_a_step_starts_when_what_it_needs_is_done() -> None:
    first, second = step("1"), step("2", needs=["1", "not in this plan"])
    schedule = scheduled(second, first)
    assert started(schedule) == [first]
    schedule.done(first)
    assert started(schedule) == [second]
    schedule.done(second)
    assert not schedule.is_active()


def test_who_waits_for_one_table_keeps_nobody_from_another() -> None:
    holds_a, holds_b = step("1", "a"), step("2", "b")
    wants_both, wants_b = step("3", "ab"), step("4", "b")
    schedule = scheduled(holds_a, holds_b, wants_both, wants_b)
    assert started(schedule) == [holds_a, holds_b]
    schedule.done(holds_b)
    assert started(schedule) == [wants_b]
    schedule.done(holds_a)
    schedule.done(wants_b)
    assert started(schedule) == [wants_both]


STEPS = st.lists(
    st.tuples(st.frozensets(st.sampled_from("abcd"), max_size=3), st.booleans(), st.integers(0, 3)), max_size=12
)


@given(STEPS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_step_runs_once_never_beside_one_that_locks_its_tables(
    drawn: list[tuple[frozenset[str], bool, int]], jobs: int, random: st.DrawFn
) -> None:
    steps = [
        step(str(place), tables, shares=shares, needs=[str(place - back)] if 0 < back <= place else [])
        for place, (tables, shares, back) in enumerate(drawn)
    ]
    schedule, running, done = scheduled(*steps), list[Step](), list[Step]()
    while schedule.is_active():
        while len(running) < jobs and (each := schedule.start()) is not None:
            assert not any(each.tables & other.tables and not (each.shares and other.shares) for other in running)
            assert all(need in [one.name for one in done] for need in each.needs)
            running.append(each)
        ended = running.pop(random.randrange(len(running)))  # type: ignore[attr-defined]
        schedule.done(ended)
        done.append(ended)
    assert sorted(each.name for each in done) == sorted(each.name for each in steps)
