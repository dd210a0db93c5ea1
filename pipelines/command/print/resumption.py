"""The command that continues a restore that failed or was interrupted."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Replaced, since the first command line may mean something else by now: `latest` may be another backup.
_NEW = ("--backup", "--source", "--if_exists", "--into_source")


@dataclass(frozen=True, slots=True)
class Resumption:
    """How to continue a restore: its own arguments, and the flag that lets it add to existing rows.

    Attributes:
        name: The command's name after `shardkeep`.
        argv: The arguments of the first run.
    """

    name: str
    argv: tuple[str, ...]

    def command(self, backup: str, source: str, *, into_source: bool) -> str:
        """A shell line that restores the same backup again."""
        chosen = [f"--backup={backup}", f"--source={source}", "--if_exists=append"]
        given = [*_without(self.argv, _NEW), *chosen, *(["--into_source"] if into_source else [])]
        return shlex.join(["shardkeep", self.name, *given])


def _without(argv: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """The arguments without some options and their values, which follow `=` or are the next argument."""
    left_out = False
    for argument in argv:
        name, equals, _ = argument.partition("=")
        if name in names:
            left_out = not equals
            continue
        if argument.startswith("-") or not left_out:
            yield argument
        left_out = False
