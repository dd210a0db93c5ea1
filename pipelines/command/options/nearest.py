"""The word that was meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one, whatever the case, dashes and underscores; None if none does."""
    by_plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(word), by_plain, n=1)
    return by_plain[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("-", "").replace("_", "").lower()
