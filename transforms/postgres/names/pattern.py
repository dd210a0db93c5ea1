"""Patterns of names: SQL's syntax, with `*` and `?` outside quotes as in a shell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transforms.errors import UsageError
from transforms.postgres.names.identifiers import Segment, parse_segments

_GLOBS = {"*": ".*", "?": "."}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What selects names of one or more parts.

    Attributes:
        text: The text in the option.
        option: The option.
        parts: A regular expression for each part.
        literal: The only name that it selects; None if it has a glob.
    """

    text: str
    option: str
    parts: tuple["re.Pattern[str]", ...]
    literal: tuple[str, ...] | None = None

    def matches(self, *name: str) -> bool:
        """Whether it selects the exact name with these parts."""
        return len(name) == len(self.parts) and all(
            part.fullmatch(text) for part, text in zip(self.parts, name, strict=True)
        )

    def __str__(self) -> str:
        """The option as it was written."""
        return f"--{self.option}={self.text}"


def parse_patterns(text: str, option: str, parts: int) -> tuple[Pattern, ...]:
    """The patterns of a list with commas between them.

    Args:
        text: The option's value; empty for none.
        option: The option, for errors.
        parts: How many parts each pattern must have: 1 for schemas, 2 for tables.

    Raises:
        UsageError: if one is malformed or has another number of parts.
    """
    patterns, rest = list[Pattern](), text.strip()
    while rest:
        pattern, rest = _parse_one(rest, option, parts)
        patterns.append(pattern)
    return tuple(patterns)


def _parse_one(text: str, option: str, parts: int) -> tuple[Pattern, str]:
    found, behind = parse_segments(text, option)
    written, rest = text[: len(text) - len(behind)], behind.lstrip()
    if len(found) != parts:
        form = "SCHEMA.TABLE" if parts == 2 else "SCHEMA"
        raise UsageError(f"--{option}={written}: write {form}, for example {_example(parts)}.")
    if rest and not rest.startswith(","):
        raise UsageError(f"--{option}={text}: unexpected {rest[:1]!r} behind {written}: quote names that SQL quotes.")
    return Pattern(written, option, tuple(map(_expression, found)), _literal(found)), rest[1:].lstrip()


def _literal(parts: Sequence[Sequence[Segment]]) -> tuple[str, ...] | None:
    if any(sign in segment.text for part in parts for segment in part if not segment.is_quoted for sign in _GLOBS):
        return None
    return tuple("".join(segment.text for segment in part) for part in parts)


def _expression(segments: Sequence[Segment]) -> "re.Pattern[str]":
    return re.compile("".join(map(_part, segments)), re.DOTALL)


def _part(segment: Segment) -> str:
    if segment.is_quoted:
        return re.escape(segment.text)
    return "".join(_GLOBS.get(sign) or re.escape(sign) for sign in segment.text)


def _example(parts: int) -> str:
    return "public.orders, public.* or *.orders" if parts == 2 else 'public, sales_* or "My Schema"'
