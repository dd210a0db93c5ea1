"""The known word that a misspelled one probably means."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most similar to this one, ignoring case, dashes and underscores; None if none is similar."""
    by_plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(word), by_plain, n=1)
    return by_plain[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("-", "").replace("_", "").lower()
