"""Cutting the steps of a restore into batches, each a transaction that the server's table of locks can hold.

A transaction keeps a lock on all that it makes, and the server has room for about `max_locks_per_transaction` times
`max_connections` of them (20.12 of the manual): thousands of tables do not fit into one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from transforms.postgres.objects.step import Step

SIZE = 500
"""Steps in a batch: with about four locks each well below the 6,400 that a server has room for by default."""


def closed_batches(
    first: Sequence[Step],
    later: Sequence[Step],
    always: Collection[str] = (),
    companions: Mapping[str, Collection[str]] = {},
    size: int = SIZE,
) -> Iterator[frozenset[str]]:
    """The names of steps in batches that can be run on their own: each holds whatever its steps need.

    A later step is put where all that it needs is run anyway, so that little is run twice. A batch is larger than
    `size` where a step needs more than that, or by the later steps of its last one.

    Args:
        first: The steps that others need, in the order in which they are done.
        later: The steps that follow these.
        always: Names of steps that every batch runs.
        companions: By a step's name, those of others that are run wherever it is.
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
    """Neighbouring steps in batches, at least one, which may be empty: for steps that stay when they are done."""
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
        """Steps, and what they need, that the batch does not run yet."""
        rest = [name for name in names if name not in self.run]
        found = dict.fromkeys(rest)
        while rest:
            new = [need for need in self._needs(rest.pop()) if need not in self.run and need not in found]
            found.update(dict.fromkeys(new))
            rest += new
        return list(found)

    def add(self, names: Iterable[str]) -> None:
        """Run steps in this batch, with all that they need and all later steps that this makes possible."""
        self.is_begun, rest = True, self.lacking(names)
        while rest:
            self.run.update(rest)
            rest = [later for name in rest for later in self._later[name] if self._is_possible(later)]

    def _is_possible(self, later: str) -> bool:
        return later not in self.done and later not in self.run and all(need in self.run for need in self._needs(later))

    def take(self) -> frozenset[str]:
        """The batch; the next one has what every batch runs."""
        batch, self.run, self.is_begun = frozenset(self.run), set(self._always), False
        self.done |= batch
        return batch
