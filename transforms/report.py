"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_PROBLEMS = 1000
"""Problems that a report names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """How many things were checked, and what is wrong with them.

    Attributes:
        checked: Number of checks made: objects, or runs of chunks, or tables.
        problems: What is wrong, the first `MOST_PROBLEMS` in alphabetical order.
        unnamed: Number of further problems.
    """

    checked: int = 0
    problems: tuple[str, ...] = ()
    unnamed: int = 0

    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing is wrong."""
        return self.checked > 0 and not self.problems


def found(problem: str | None) -> Report:
    """The report of one check: what is wrong, or None."""
    return Report(1, (problem,) if problem else ())


def merge(reports: Iterable[Report]) -> Report:
    """One report of many."""
    checked, unnamed, problems = 0, 0, list[str]()
    for report in reports:
        checked, unnamed = checked + report.checked, unnamed + report.unnamed
        problems.extend(report.problems)
    problems.sort()
    return Report(checked, tuple(problems[:MOST_PROBLEMS]), unnamed + max(0, len(problems) - MOST_PROBLEMS))


def report_json(report: Report) -> dict[str, Any]:
    """The report as a JSON object."""
    return {
        "ok": report.ok,
        "checked": report.checked,
        "problems": list(report.problems),
        "unnamed_problems": report.unnamed,
    }
