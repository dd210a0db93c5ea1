"""Splits the steps of a restore into batches, each a transaction whose locks fit into the server's lock table.

A transaction locks all that it makes, and the server has room for about `max_locks_per_transaction` times
`max_connections` locks (PostgreSQL's documentation, 20.12): thousands of tables do not fit into one transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from transforms.postgres.objects.step import Step

SIZE = 500
"""Steps in a batch: at about four locks each, far fewer than the 6,400 locks that a server has room for by default."""


def closed_batches(
    first: Sequence[Step],
    later: Sequence[Step],
    always: Collection[str] = (),
    companions: Mapping[str, Collection[str]] = {},
    size: int = SIZE,
) -> Iterator[frozenset[str]]:
    """The names of steps in batches that can be run alone: each holds everything that its steps need.

    A later step goes to a batch that runs all that it needs anyway, so that little is run twice. A batch is larger
    than `size` if one step needs more than that, or by the later steps that its last step makes possible.

    Args:
        first: The steps that others need, in their order.
        later: The steps that follow these.
        always: Names of steps that every batch runs.
        companions: Names of steps that must be run together with a step, by its name.
        size: About how many steps a batch runs.
    """
    filling = _Filling(first, later, always, companions)
    for step in (*first, *later):
        if step.name in filling.done or step.name in filling.run:
            continue
        if filling.is_begun and len(filling.run) + len(filling.lacking([step.name])) > size:
            yield filling.take()
        filling.add([step.name])
    if filling.run:
        yield filling.take()


def in_order(steps: Sequence[Step], size: int = SIZE) -> Iterator[Sequence[Step]]:
    """Consecutive steps in batches, for steps that are committed; at least one batch, which may be empty."""
    yield steps[:size]
    yield from (steps[start : start + size] for start in range(size, len(steps), size))


class _Filling:
    """The batch that is being filled."""

    def __init__(
        self,
        first: Iterable[Step],
        later: Iterable[Step],
        always: Iterable[str],
        companions: Mapping[str, Collection[str]],
    ) -> None:
        self._steps = {step.name: step for step in (*first, *later)}
        self._companions = companions
        self._later = defaultdict[str, list[str]](list)
        for step in later:
            for need in self._needs(step.name):
                self._later[need].append(step.name)
        self.done, self.run, self.is_begun = set[str](), set[str](), False
        self._always = self.lacking(always)
        self.run.update(self._always)

    def _needs(self, name: str) -> Iterator[str]:
        needs = (*self._steps[name].needs, *self._companions.get(name, ()))
        return (need for need in dict.fromkeys(needs) if need in self._steps)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """The named steps and what they need, without those that the batch has already."""
        rest = [name for name in names if name not in self.run]
        found = dict.fromkeys(rest)
        while rest:
            new = [need for need in self._needs(rest.pop()) if need not in self.run and need not in found]
            found.update(dict.fromkeys(new))
            rest += new
        return list(found)

    def add(self, names: Iterable[str]) -> None:
        """Add steps to the batch, with all that they need and all later steps that this makes possible."""
        self.is_begun, rest = True, self.lacking(names)
        while rest:
            self.run.update(rest)
            rest = [later for name in rest for later in self._later[name] if self._is_possible(later)]

    def _is_possible(self, later: str) -> bool:
        return later not in self.done and later not in self.run and all(need in self.run for need in self._needs(later))

    def take(self) -> frozenset[str]:
        """End the batch and return it; the next one begins with the steps that every batch runs."""
        batch, self.run, self.is_begun = frozenset(self.run), set(self._always), False
        self.done |= batch
        return batch
