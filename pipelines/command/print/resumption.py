"""The command that goes on with a restore that broke off."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What the first command line may have said otherwise: `latest` may be another backup by now.
_NEW = ("--backup", "--source", "--if_exists", "--into_source")


@dataclass(frozen=True, slots=True)
class Resumption:
    """How a restore is gone on with: by its own arguments, and the flag that lets it add to what it has written.

    Attributes:
        name: The command's name behind `shardkeep`.
        argv: The arguments that it was begun with.
    """

    name: str
    argv: tuple[str, ...]

    def command(self, backup: str, source: str, *, into_source: bool) -> str:
        """A line for a shell, with the very backup that was being restored."""
        chosen = [f"--backup={backup}", f"--source={source}", "--if_exists=append"]
        given = [*_without(self.argv, _NEW), *chosen, *(["--into_source"] if into_source else [])]
        return shlex.join(["shardkeep", self.name, *given])


def _without(argv: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """The arguments without some options and their values, which may stand behind `=` or alone."""
    left_out = False
    for argument in argv:
        name, equals, _ = argument.partition("=")
        if name in names:
            left_out = not equals
            continue
        if argument.startswith("-") or not left_out:
            yield argument
        left_out = False
