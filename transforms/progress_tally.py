"""Sums the lines of a progress file: each unit of work counts once, however often it was tried."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from transforms.progress import DONE, PLAN, Amount

_NOTHING = Amount()


@dataclass(slots=True)
class Tally:
    """The running sum of lines.

    Attributes:
        planned: Work that was announced.
        total: Work done.
    """

    planned: Amount = _NOTHING
    total: Amount = _NOTHING
    _plans: dict[bytes, Amount] = field(default_factory=dict)
    _open: dict[bytes, dict[bytes, Amount]] = field(default_factory=dict)
    _done: set[bytes] = field(default_factory=set)

    def add(self, lines: Iterable[bytes]) -> None:
        """Add whole lines that `ProgressFile` wrote, in their order."""
        for line in lines:
            kind, name, attempt, *numbers = line.split()
            amount = Amount(*map(int, numbers))
            if kind == PLAN:
                self._plan(name, amount)
            elif name not in self._done:
                self._news(name, attempt, amount, done=kind == DONE)

    def _plan(self, name: bytes, plan: Amount) -> None:
        self.planned += plan - self._plans.get(name, _NOTHING)
        self._plans[name] = plan

    def _news(self, name: bytes, attempt: bytes, news: Amount, *, done: bool) -> None:
        tries = self._open.setdefault(name, {})
        counted = _furthest(tries)
        tries[attempt] = tries.get(attempt, _NOTHING) + news
        self.total += (tries[attempt] if done else _furthest(tries)) - counted
        if done:
            self._done.add(name)
            del self._open[name]


def _furthest(tries: dict[bytes, Amount]) -> Amount:
    return max(tries.values(), key=lambda amount: (amount.bytes, amount.rows), default=_NOTHING)
