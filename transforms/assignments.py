"""Where the tables of a backup go, in a value whose size does not depend on the number of tables."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

Assign = Callable[[Manifest], Mapping[int, Assignment]]
"""Gives the assignments of the restored tables, by their places in the manifest; pure, and pickled to workers."""


@dataclass(frozen=True, slots=True)
class Assignments:
    """The value from which every worker derives the assignments.

    Attributes:
        assign: What the user asks for.
        created: The tables that the target did not have when `main` looked: runs of places, with start and end.
        key: Random digits, by which a worker recognises the value each time it is sent.
    """

    assign: Assign = field(compare=False)
    created: tuple[tuple[int, int], ...] = field(compare=False)
    key: str = field(default_factory=partial(secrets.token_hex, 8))

    @classmethod
    def judged(cls, assign: Assign, assigned: Mapping[int, Assignment]) -> "Assignments":
        """The value for assignments that the target has checked."""
        return cls(assign, tuple(_runs(sorted(place for place, item in assigned.items() if item.create))))

    def of(self, manifest: Manifest) -> dict[int, Assignment]:
        """The checked assignments."""
        created = {place for start, end in self.created for place in range(start, end)}
        return {place: replace(item, create=place in created) for place, item in self.assign(manifest).items()}


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """A key that is equal for consecutive places: the place minus its number in the list."""
    for _, run in itertools.groupby(enumerate(places), lambda pair: pair[1] - pair[0]):
        members = [place for _, place in run]
        yield members[0], members[-1] + 1
