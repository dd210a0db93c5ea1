"""The `shardkeep` program: finds the command that its first argument names and runs it."""

import importlib
import sys
from collections.abc import Sequence
from typing import cast

from pipelines.command.exit_codes import run_command
from pipelines.command.options.nearest import nearest
from pipelines.command.print.version import version
from pipelines.command.rooms import COMMANDS
from transforms.errors import UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run `shardkeep COMMAND ...` and return its exit code."""
    return run_command(_run, argv)


def _run(argv: Sequence[str]) -> int:
    first, *rest = argv or [""]
    if first in ("-h", "--help", "help"):
        return _help(rest)
    if first in ("--version", "version"):
        print(f"shardkeep {version()}")
        return 0
    return _start(first, rest) if first in COMMANDS else _refuse(first)


def _help(words: Sequence[str]) -> int:
    """The help of the command that is named, or the list of all."""
    if words:
        return _start(words[0], ["--help"]) if words[0] in COMMANDS else _refuse(words[0])
    print(usage())
    return 0


def usage() -> str:
    """The list of the commands, as `shardkeep --help` prints it."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {help}" for name, (_, help) in COMMANDS.items()]
    return "\n".join(
        ["usage: shardkeep COMMAND --option=value ...", "", *lines, "", "shardkeep help COMMAND lists its options."]
    )


def _start(name: str, argv: Sequence[str]) -> int:
    return cast(int, importlib.import_module(COMMANDS[name].module).main(argv))


def _refuse(first: str) -> int:
    if not first:
        print(usage(), file=sys.stderr)
        raise UsageError("name a command")
    near = nearest(first, COMMANDS)
    advice = f"did you mean {near}?" if near else f"the commands are {', '.join(COMMANDS)}"
    raise UsageError(f"unknown command {first!r}; {advice}")


if __name__ == "__main__":
    sys.exit(main())
