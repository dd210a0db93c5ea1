"""What a restore left out, for people and for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

MOST_FOLLOWERS = 10
"""How many of those that are left out only because others are people are told of, one by one."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that a restore left out, or that is otherwise than in the source.

    Attributes:
        name: What it is, for people.
        reason: Why, best in the target's own words; without a full stop.
        statement: What would make it, in the target's own language; empty if nothing is known or may be shown.
        follows: Whether it is left out only because something else is.
    """

    name: str
    reason: str
    statement: str = ""
    follows: bool = False

    def __str__(self) -> str:
        """The line for people."""
        return f"{self.name}: {self.reason}."


def listed(skipped: Iterable[Skipped]) -> list[str]:
    """A line for each, causes first, and one line for many that follow from them."""
    every = list(skipped)
    followers = [str(each) for each in every if each.follows]
    others = [f"and {len(followers) - MOST_FOLLOWERS} others that need these."] * (len(followers) > MOST_FOLLOWERS)
    return [*(str(each) for each in every if not each.follows), *followers[:MOST_FOLLOWERS], *others]


def to_text(skipped: Sequence[Skipped]) -> str:
    """As JSON in ASCII, since names need not be UTF-8."""
    return json.dumps([asdict(each) for each in skipped])


def from_text(text: str) -> tuple[Skipped, ...]:
    """The inverse."""
    return tuple(Skipped(**each) for each in json.loads(text))


def script(skipped: Iterable[Skipped], renamed: Iterable[str] = ()) -> Iterator[str]:
    """The lines of an SQL script that makes what was left out, each with the reason as a comment.

    Args:
        skipped: What was left out.
        renamed: New names, for people. Statements have the names of the backup, which may be somebody else's in the
            target: then they are comments too. So are those with a backslash: they are data of a stranger's, maybe.
    """
    names = list(renamed)
    if names:
        yield from _comment(f"Renamed: {', '.join(names)}. Statements have the old names: correct them, then run them.")
    yield "SELECT pg_catalog.set_config('search_path', '', false);"
    for each in skipped:
        yield ""
        yield from _comment(str(each))
        if "\\" in each.statement:
            yield "-- It has a backslash, which psql could take for a command of its own: read it before you run it."
        if names or "\\" in each.statement:
            yield from _comment(each.statement)
        elif each.statement:
            yield from ("BEGIN;", each.statement, "COMMIT;")


def _comment(text: str) -> Iterator[str]:
    """On as many lines as the text has: none of them may be anything but a comment."""
    return (f"-- {line}" for line in text.splitlines() or [""])
