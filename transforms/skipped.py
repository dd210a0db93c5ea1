"""What a restore left out, for people and for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

MOST_FOLLOWERS = 10
"""Most objects to list that were left out only because others were."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that a restore left out, or that differs from the source.

    Attributes:
        name: What it is, for people.
        reason: Why, if possible in the target's own words; without a full stop.
        statement: The statement that would create it; empty if it is not known or may not be shown.
        follows: Whether it was left out only because something else was.
    """

    name: str
    reason: str
    statement: str = ""
    follows: bool = False

    def __str__(self) -> str:
        """The line for people."""
        return f"{self.name}: {self.reason}."


def listed(skipped: Iterable[Skipped]) -> list[str]:
    """A line for each, causes first; if too many follow from them, one line counts the rest."""
    every = list(skipped)
    followers = [str(each) for each in every if each.follows]
    others = [f"and {len(followers) - MOST_FOLLOWERS} others that need these."] * (len(followers) > MOST_FOLLOWERS)
    return [*(str(each) for each in every if not each.follows), *followers[:MOST_FOLLOWERS], *others]


def to_text(skipped: Sequence[Skipped]) -> str:
    """As JSON in ASCII, since names may not be UTF-8."""
    return json.dumps([asdict(each) for each in skipped])


def from_text(text: str) -> tuple[Skipped, ...]:
    """The inverse of `to_text`."""
    return tuple(Skipped(**each) for each in json.loads(text))


def script(skipped: Iterable[Skipped], renamed: Iterable[str] = ()) -> Iterator[str]:
    """The lines of an SQL script that creates what was left out, with the reasons as comments.

    Args:
        skipped: What was left out.
        renamed: New names, for people. Statements have the names of the backup, which may be other objects' in the
            target: then they are comments too. So are those with a backslash, which psql may take as a command.
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
    """The text as comments, each of its lines one."""
    return (f"-- {line}" for line in text.splitlines() or [""])
