"""The options of a command: declared, read and checked, with Beam's own passed through.

Options are spelled `--snake_case=value`, also where they are true or false, because a Flex Template
passes every parameter so. A secret never belongs in an option: only the name of the place that holds it.
"""

import argparse
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from pipelines.command.aliases import replace_aliases
from pipelines.command.beam_options import beam_option_names, check_beam_arguments, refuse_leftovers
from pipelines.command.sizes import parse_count, parse_size
from transforms.errors import UsageError

_BEAM_HELP = "Options of Apache Beam (--runner, --project, --direct_num_workers and the rest) are passed on to it."
_NEGATIVE_NUMBER = re.compile(r"-[0-9.]+")


class OptionParser(argparse.ArgumentParser):
    """A parser whose errors are `UsageError`, and whose options are whole words given once.

    Args:
        command: The command's name behind `shardkeep`.
        description: What the command does, for its help.
        beam: Whether the command runs a job, so that Beam's options are its options too.
    """

    def __init__(self, command: str, description: str, *, beam: bool = True) -> None:
        super().__init__(
            prog=f"shardkeep {command}",
            description=description,
            epilog=_BEAM_HELP if beam else None,
            allow_abbrev=False,
        )
        self.beam = beam

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` where argparse would end the process."""
        raise UsageError(f"{message.removeprefix('argument ')}; see {self.prog} --help")

    def add_text(self, name: str, help: str, *, default: str | None = None, required: bool = False) -> None:
        """An option whose value is any text but the empty one; None if it is not given."""
        self.add_argument(
            name, help=help, default=default, required=required, metavar="TEXT", type=lambda text: _text(text, name)
        )

    def add_list(self, name: str, help: str, *, required: bool = False) -> None:
        """A list with commas, `a,b,c`; a tuple of text, empty if it is not given."""
        self.add_argument(
            name, help=help, default=(), required=required, metavar="A[,B..]", type=lambda text: parse_list(text, name)
        )

    def add_size(self, name: str, help: str, *, default: str) -> None:
        """A size in bytes with an optional unit; an int."""
        self.add_argument(
            name,
            help=f"{help} (default {default})",
            default=parse_size(default, name),
            metavar="SIZE",
            type=lambda text: parse_size(text, name),
        )

    def add_count(self, name: str, help: str) -> None:
        """A whole number of at least 1; None if it is not given."""
        self.add_argument(name, help=help, metavar="N", type=lambda text: parse_count(text, name))

    def add_choice(self, name: str, help: str, *, choices: Sequence[str], default: str) -> None:
        """One of a few words."""
        self.add_argument(name, help=f"{help} (default {default})", default=default, choices=choices)

    def add_flag(self, name: str, help: str) -> None:
        """`--name`, `--name=true` or `--name=false`; False if it is not given."""
        self.add_argument(
            name,
            help=help,
            nargs="?",
            const=True,
            default=False,
            metavar="true|false",
            type=lambda text: parse_flag(text, name),
        )

    def option_names(self) -> frozenset[str]:
        """The options declared here, with their dashes."""
        return frozenset(self._option_string_actions)


def parse(
    parser: OptionParser, argv: Sequence[str], aliases: Mapping[str, str] | None = None
) -> tuple[argparse.Namespace, list[str]]:
    """Our options, and the arguments that go to Beam.

    Args:
        parser: The command's options.
        argv: The arguments behind the command's name.
        aliases: Other names of our options, both with dashes.

    Returns:
        The values of our options, and Beam's arguments with a `--runner` (none if the command runs no job).

    Raises:
        UsageError: An option is unknown, missing, given twice or has a bad value, or an argument belongs to no option.
        SystemExit: Help was asked for and printed.
    """
    argv = replace_aliases(argv, aliases or {})
    names = _given(argv)
    if not {"-h", "--help"}.isdisjoint(names):
        parser.parse_known_args(["--help"])
    _refuse_unknown(parser, names, aliases or {})
    _refuse_repeated(parser, names)
    values, rest = parser.parse_known_args(argv)
    if parser.beam:
        return values, check_beam_arguments(rest)
    refuse_leftovers(rest)
    return values, []


def parse_list(text: str, option: str) -> tuple[str, ...]:
    """The items of a list with commas, in their order, without the spaces around them.

    Raises:
        UsageError: An item is empty or there twice.
    """
    items = tuple(item.strip() for item in text.split(","))
    if "" in items:
        raise UsageError(f"{option}: {text!r} has an empty item; write it as a,b,c")
    repeated = [item for item in items if items.count(item) > 1]
    if repeated:
        raise UsageError(f"{option}: {repeated[0]!r} is there more than once; name it once")
    return items


def parse_flag(text: str, option: str) -> bool:
    """True or false in letters of either case.

    Raises:
        UsageError: The text is neither.
    """
    if text.lower() not in ("true", "false"):
        raise UsageError(f"{option}: {text!r} is neither true nor false")
    return text.lower() == "true"


def _text(text: str, option: str) -> str:
    if not text:
        raise UsageError(f"{option} has an empty value; give one, or leave the option out")
    return text


def _given(argv: Sequence[str]) -> list[str]:
    return [a.partition("=")[0] for a in argv if a.startswith("-") and not _NEGATIVE_NUMBER.fullmatch(a)]


def _refuse_unknown(parser: OptionParser, names: Sequence[str], aliases: Mapping[str, str]) -> None:
    known = parser.option_names()
    if parser.beam and not known.issuperset(names):
        known |= beam_option_names()
    for name in names:
        if name not in known:
            near = nearest(name, sorted(known.union(aliases)))
            advice = f"did you mean {near}?" if near else f"see {parser.prog} --help"
            raise UsageError(f"unknown option {name}; {advice}")


def _refuse_repeated(parser: OptionParser, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1 and name in parser.option_names():
            raise UsageError(f"{name} is given {names.count(name)} times; give it once (a list has commas: a,b,c)")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one, whatever the case, dashes and underscores; None if none does."""
    by_plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(word), by_plain, n=1)
    return by_plain[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("-", "").replace("_", "").lower()
