"""The runner that `--runner` names."""

from collections.abc import Iterator, Sequence

from pipelines.command.options.beam_names import RUNNERS
from pipelines.command.options.nearest import nearest
from transforms.errors import UsageError

DEFAULT = "FnApiRunner"
"""The engine in this process."""

# Beam's names for the engine on one machine. Beam would try Prism first, downloading it, and then FnApiRunner
# (apache_beam/runners/direct/direct_runner.py, SwitchingDirectRunner); the oldest of them runs no splittable DoFn.
_ON_ONE_MACHINE = frozenset({"DirectRunner", "SwitchingDirectRunner", "BundleBasedDirectRunner", "TestDirectRunner"})
_OPTION = "--runner"


def name_runner(argv: Sequence[str]) -> list[str]:
    """Beam's arguments with a `--runner` in Beam's own spelling; the default is added if it is missing.

    Raises:
        UsageError: if Beam has no such runner.
    """
    spelled = list(_spelled(argv))
    named = any(argument.partition("=")[0] == _OPTION for argument in spelled)
    return spelled if named else [*spelled, f"{_OPTION}={DEFAULT}"]


def _spelled(argv: Sequence[str]) -> Iterator[str]:
    value_follows = False
    for argument in argv:
        name, equals, value = argument.partition("=")
        if value_follows:
            yield runner_of(argument)
        else:
            yield f"{_OPTION}={runner_of(value)}" if name == _OPTION and equals else argument
        value_follows = argument == _OPTION and not value_follows


def runner_of(word: str) -> str:
    """The runner that a word names: Beam ignores the case, and accepts names without "Runner" at the end.

    The full name of a class, with dots, is left to Beam.

    Raises:
        UsageError: if there is no such runner.
    """
    if "." in word:
        return word
    by_plain = {_plain(name): name for name in RUNNERS}
    meant = by_plain.get(_plain(word)) or by_plain.get(f"{_plain(word)}runner")
    if meant is None:
        near = nearest(word, RUNNERS)
        advice = f"did you mean {near}?" if near else f"the engines are {', '.join(RUNNERS)}"
        raise UsageError(f"{_OPTION}={word}: Apache Beam has no such runner; {advice}")
    return DEFAULT if meant in _ON_ONE_MACHINE else meant


def _plain(word: str) -> str:
    return word.lower().replace("_", "")
