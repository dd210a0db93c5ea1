"""A compiled decoder with valid inputs, and runs of it on inputs that were changed."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import Input, mutated
from transforms.errors import IntegrityError

Value = TypeVar("Value")
SEEDS = 40
REFUSALS = (IntegrityError, ValueError)


@dataclass(frozen=True)
class Target:
    """One decoder.

    Attributes:
        decode: Reads an input. It raises IntegrityError, or ValueError for a program, if it refuses the input; it
            asserts what must be so if it takes it.
        seeds: Valid inputs.
    """

    decode: Callable[[Input], None]
    seeds: Sequence[Input]

    def taken(self, parts: Input) -> bool:
        """Whether the decoder takes an input; it may refuse it, and do nothing else."""
        try:
            self.decode(parts)
        except REFUSALS:
            return False
        except Exception as error:
            raise AssertionError(f"of the input {parts!r}") from error
        return True

    def run(self, cases: int, number: int) -> int:
        """How many of so many changed inputs the decoder takes; `number` seeds the changes."""
        random = Random(number)
        return sum(self.taken(mutated(random.choice(self.seeds), self.seeds, random)) for _ in range(cases))


def made(decode: Callable[..., Value], *arguments: object) -> Value:
    """What one decoder makes of what another has taken or written, and so must not refuse."""
    try:
        return decode(*arguments)
    except REFUSALS as error:
        raise AssertionError("what was taken is refused") from error


def exact(data: bytes) -> memoryview:
    """A copy in memory of its size, as a slice of an array is: a sanitizer sees a read of one byte too many."""
    return memoryview(array("B", data)[:])


def drawn(strategy: st.SearchStrategy[Value], count: int = SEEDS) -> list[Value]:
    """Values of a strategy, the same ones each time."""
    found: list[Value] = []

    @seed(1)
    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: Value) -> None:
        found.append(value)

    collect()
    return found
