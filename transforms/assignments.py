"""Where the tables of a backup go, in a value that is of one size for one table and for a thousand."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest

Assign = Callable[[Manifest], Mapping[int, Assignment]]
"""The assignments of the tables that are restored, by their places in the manifest; pure, and pickled to workers."""


@dataclass(frozen=True, slots=True)
class Assignments:
    """What every worker derives the assignments from.

    Attributes:
        assign: What the user asks for.
        created: Which tables the target lacked when `main` looked: runs of places, each with its start and its end.
        key: Random digits by which a worker knows them again, however often they are sent to it.
    """

    assign: Assign = field(compare=False)
    created: tuple[tuple[int, int], ...] = field(compare=False)
    key: str = field(default_factory=partial(secrets.token_hex, 8))

    @classmethod
    def judged(cls, assign: Assign, assigned: Mapping[int, Assignment]) -> "Assignments":
        """The value of assignments that were judged."""
        return cls(assign, tuple(_runs(sorted(place for place, item in assigned.items() if item.create))))

    def of(self, manifest: Manifest) -> dict[int, Assignment]:
        """The judged assignments."""
        created = {place for start, end in self.created for place in range(start, end)}
        return {place: replace(item, create=place in created) for place, item in self.assign(manifest).items()}


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Consecutive places as a run: their distance from their own number is the same."""
    for _, run in itertools.groupby(enumerate(places), lambda pair: pair[1] - pair[0]):
        members = [place for _, place in run]
        yield members[0], members[-1] + 1
