from hypothesis import given
from hypothesis import strategies as st

from transforms.report import MOST_PROBLEMS, Report, found, merge, report_json

REPORTS = st.lists(st.builds(found, st.none() | st.text(min_size=1, max_size=3)), max_size=20)


def test_nothing_checked_is_not_ok() -> None:
    assert not Report().ok
    assert not merge([]).ok


def test_what_was_checked_without_a_problem_is_ok() -> None:
    assert merge([found(None), found(None)]) == Report(2)
    assert merge([found(None), found(None)]).ok


def test_one_problem_is_not_ok() -> None:
    report = merge([found(None), found("b is missing."), found("a is missing."), found(None)])
    assert report == Report(4, ("a is missing.", "b is missing."))
    assert not report.ok


@given(REPORTS, st.integers(0, 20))
def test_merging_in_parts_is_merging_at_once(reports: list[Report], cut: int) -> None:
    assert merge([merge(reports[:cut]), merge(reports[cut:])]) == merge(reports)


def test_problems_beyond_the_most_are_counted() -> None:
    reports = [found(f"{number:05d}") for number in reversed(range(MOST_PROBLEMS + 7))]
    whole = merge([merge(reports[:600]), merge(reports[600:])])
    assert whole == Report(MOST_PROBLEMS + 7, tuple(f"{number:05d}" for number in range(MOST_PROBLEMS)), 7)
    assert merge([whole, found("x")]).unnamed == 8


def test_it_is_a_json_object() -> None:
    assert report_json(Report(3, ("a", "b"), 2)) == {
        "ok": False,
        "checked": 3,
        "problems": ["a", "b"],
        "unnamed_problems": 2,
    }
    assert report_json(found(None)) == {"ok": True, "checked": 1, "problems": [], "unnamed_problems": 0}
