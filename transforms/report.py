"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_PROBLEMS = 1000
"""Most problems that a report names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """How many things were checked, and what is wrong with them.

    Attributes:
        checked: Number of checks made: objects, or runs of chunks, or tables.
        problems: What is wrong, the first `MOST_PROBLEMS` in alphabetical order.
        unnamed: Number of further problems.
        objects: Names of the objects with problems, as far as known, the first `MOST_PROBLEMS`.
    """

    checked: int = 0
    problems: tuple[str, ...] = ()
    unnamed: int = 0
    objects: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing is wrong."""
        return self.checked > 0 and not self.problems


def found(problem: str | None, name: str = "") -> Report:
    """The report of one check: what is wrong, or None; `name` is that of the checked object."""
    return Report(1, (problem,), objects=(name,) if name else ()) if problem else Report(1)


def report_of(checked: int, problems: Iterable[tuple[str, str]]) -> Report:
    """The report on `checked` objects; each problem comes after its object's name."""
    found = list(problems)
    return Report(checked, tuple(problem for _, problem in found), objects=tuple(name for name, _ in found))


def merge(reports: Iterable[Report]) -> Report:
    """One report of many."""
    checked, unnamed, problems, objects = 0, 0, list[str](), set[str]()
    for report in reports:
        checked, unnamed = checked + report.checked, unnamed + report.unnamed
        problems.extend(report.problems)
        objects.update(report.objects)
    problems.sort()
    named, rest = tuple(problems[:MOST_PROBLEMS]), max(0, len(problems) - MOST_PROBLEMS)
    return Report(checked, named, unnamed + rest, tuple(sorted(objects)[:MOST_PROBLEMS]))


def report_json(report: Report) -> dict[str, Any]:
    """The report as a JSON object."""
    return {
        "ok": report.ok,
        "checked": report.checked,
        "problems": list(report.problems),
        "unnamed_problems": report.unnamed,
    }
