"""Globs of table ids, as in a shell: `*`, `?` and `[..]`; case matters."""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_glob(text: str) -> bool:
    """Whether the text is a glob and not just an id."""
    return any(sign in text for sign in "*?[")


def matching(pattern: str, ids: Iterable[str]) -> list[str]:
    """The ids that a glob or an id selects, in the given order."""
    return [each for each in ids if fnmatchcase(each, pattern)]
