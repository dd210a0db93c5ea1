"""The options on a command line, before any of them is parsed."""

import re
from collections.abc import Collection, Sequence

from transforms.errors import UsageError

_NEGATIVE_NUMBER = re.compile(r"-[0-9.]+")


def given_names(argv: Sequence[str]) -> list[str]:
    """The names of the options, with their dashes, each as often as it is given."""
    return [a.partition("=")[0] for a in argv if a.startswith("-") and not _NEGATIVE_NUMBER.fullmatch(a)]


def refuse_repeated(names: Sequence[str], own: Collection[str]) -> None:
    """Refuse one of our options that is given more than once; some of Beam's may be.

    Raises:
        UsageError: There is one.
    """
    for name in names:
        if names.count(name) > 1 and name in own:
            raise UsageError(f"{name} is given {names.count(name)} times; give it once (a list has commas: a,b,c)")
