"""The options of a command: declared, read and checked; Beam's own are passed on to Beam.

Options are spelled `--snake_case=value`, also true-or-false ones, because a Flex Template passes every
parameter that way. A secret must never be an option's value, only the name of the place that holds it.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pipelines.command.job.launch import is_launch
from pipelines.command.options.aliases import replace_aliases
from pipelines.command.options.beam import check_beam_arguments, refuse_leftovers
from pipelines.command.options.beam_names import OPTIONS
from pipelines.command.options.given import given_names, refuse_repeated
from pipelines.command.options.nearest import nearest
from pipelines.command.options.option import Form, Option
from pipelines.command.options.values import parse_flag, parse_list, parse_text
from pipelines.command.print.sizes import parse_count, parse_size
from transforms.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pipelines.command.job.engine import Engine

_BEAM_HELP = "Options of Apache Beam (--runner, --project, --direct_num_workers and the rest) are passed on to it.\n"


class OptionParser(argparse.ArgumentParser):
    """A parser that raises `UsageError` and accepts no abbreviated and no repeated options.

    Args:
        command: The command's name after `shardkeep`, or all words with which a program is called.
        description: What the command does, for its help.
        beam: Whether the command runs a job and so takes Beam's options too.
        examples: Valid arguments after the command's name, one or two shell lines each.
    """

    def __init__(self, command: str, description: str, *, beam: bool = True, examples: Sequence[str] = ()) -> None:
        prog = command if " " in command else f"shardkeep {command}"
        calls = "".join(f"  {prog} {example}\n" for example in examples)
        super().__init__(
            prog=prog,
            description=description,
            epilog=(_BEAM_HELP if beam else "") + (f"\nexamples:\n{calls}" if calls else ""),
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.beam = beam
        self.examples = tuple(examples)
        self.declared: list[Option] = []
        """The options, in the order of their declarations."""
        self._group: argparse._ActionsContainer = self
        self._title = ""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` where argparse would end the process."""
        raise UsageError(f"{message.removeprefix('argument ')}; see {self.prog} --help")

    def group(self, title: str) -> None:
        """Put the options declared after this under a title, in the help and on forms."""
        self._group, self._title = self.add_argument_group(title), title

    def add_text(
        self, name: str, help: str, *, default: str | None = None, required: bool = False, **form: Unpack[Form]
    ) -> None:
        """Add an option whose value is any text except the empty one; None if it is not given."""
        option = Option(name, "text", help, required=required, default=default or "", **form)
        self._declare(option, parse_text, metavar="TEXT", default=default)

    def add_folder(self, name: str, help: str, *, written: bool, **form: Unpack[Form]) -> None:
        """Add a required folder, local or on Cloud Storage, that is written to or only read; the value is text."""
        option = Option(name, "folder to write" if written else "folder to read", help, required=True, **form)
        self._declare(option, parse_text, metavar="FOLDER")

    def add_list(self, name: str, help: str, *, required: bool = False, **form: Unpack[Form]) -> None:
        """Add a list with commas, `a,b,c`; the value is a tuple of text, empty if it is not given."""
        option = Option(name, "list", help, required=required, **form)
        self._declare(option, parse_list, metavar="A[,B..]", default=())

    def add_size(self, name: str, help: str, *, default: str, **form: Unpack[Form]) -> None:
        """Add a size in bytes with an optional unit; the value is an int."""
        option = Option(name, "size", help, default=default, **form)
        self._declare(option, parse_size, metavar="SIZE", default=parse_size(default, name))

    def add_count(self, name: str, help: str, *, default: int | None = None, **form: Unpack[Form]) -> None:
        """Add a whole number of at least 1; None if it is not given and has no default."""
        option = Option(name, "count", help, default="" if default is None else str(default), **form)
        self._declare(option, parse_count, metavar="N", default=default)

    def add_choice(
        self,
        name: str,
        help: str,
        *,
        choices: Collection[str],
        default: str,
        distant_default: str = "",
        local_choices: Sequence[str] = (),
        **form: Unpack[Form],
    ) -> None:
        """Add a choice of one of a few words.

        Args:
            name: With its dashes.
            help: What it decides.
            choices: The words; as a mapping, each with a label for forms.
            default: The value if it is not given.
            distant_default: The default on an engine elsewhere, if it is another one.
            local_choices: The words that need an engine on this machine.
            form: See `Form`.
        """
        labels = choices if isinstance(choices, Mapping) else {word: word for word in choices}
        option = Option(name, "choice", help, choices=tuple(labels.items()), local_choices=tuple(local_choices), **form)
        option = dataclasses.replace(option, default=default, distant_default=distant_default)
        value = None if distant_default else default
        self._declare(option, parse_text, choices=tuple(choices), default=value)

    def add_flag(self, name: str, help: str, **form: Unpack[Form]) -> None:
        """Add a flag: `--name`, `--name=true` or `--name=false`; False if it is not given."""
        option = Option(name, "flag", help, **form)
        self._declare(option, parse_flag, nargs="?", const=True, metavar="true|false", default=False)

    def option_names(self) -> frozenset[str]:
        """The names of the declared options, with their dashes."""
        return frozenset(self._option_string_actions)

    def _declare(self, option: Option, read: Callable[[str, str], object], **settings: Any) -> None:  # noqa: ANN401
        def value(text: str) -> object:
            parsed = read(text, option.name)
            option.check(text)
            return parsed

        option = dataclasses.replace(option, group=self._title)
        self.declared.append(option)
        usage = option.usage().replace("%", "%%")
        self._group.add_argument(option.name, help=usage, required=option.required, type=value, **settings)


def parse(
    parser: OptionParser, argv: Sequence[str], aliases: Mapping[str, str] | None = None
) -> tuple[argparse.Namespace, list[str]]:
    """Parse our options, and split off the arguments for Beam.

    Args:
        parser: The command's options.
        argv: The arguments after the command's name.
        aliases: Other names of our options, both with dashes.

    Returns:
        The values of our options, and Beam's arguments with a `--runner` (none if the command runs no job).

    Raises:
        UsageError: An option is unknown, missing, given twice or has a bad value, or an argument belongs to no option.
        SystemExit: Help was asked for and printed.
    """
    argv = replace_aliases(argv, aliases or {})
    launched = is_launch(argv)
    if launched:
        argv = _without_empty(parser, argv)
    names = given_names(argv)
    if not {"-h", "--help"}.isdisjoint(names):
        parser.parse_known_args(["--help"])
    if not (parser.beam and launched):  # the service has checked the user's options; a launcher may add others
        _refuse_unknown(parser, names, aliases or {})
    refuse_repeated(names, parser.option_names())
    values, rest = parser.parse_known_args(argv)
    if parser.beam:
        return values, check_beam_arguments(rest)
    refuse_leftovers(rest)
    return values, []


def parse_job(
    parser: OptionParser, argv: Sequence[str], aliases: Mapping[str, str] | None = None
) -> tuple[argparse.Namespace, Engine]:
    """Parse the options of a command that runs a job; returns them, with the engine's defaults set, and the engine.

    Raises:
        UsageError: as `parse` does.
        SystemExit: Help was asked for and printed.
    """
    values, arguments = parse(parser, argv, aliases)
    from pipelines.command.job.engine import Engine  # it imports Beam

    engine = Engine.of(arguments)
    _fill_by_engine(parser, values, engine)
    return values, engine


def _without_empty(parser: OptionParser, argv: Sequence[str]) -> list[str]:
    """The arguments without empty fields of a form, which a launch passes as `--option=`."""
    empty = {f"{option.name}=" for option in parser.declared if not option.required}
    return [argument for argument in argv if argument not in empty]


def _fill_by_engine(parser: OptionParser, values: argparse.Namespace, engine: Engine) -> None:
    """Set the defaults that depend on the engine."""
    for option in parser.declared:
        name = option.name.removeprefix("--")
        if option.distant_default and getattr(values, name) is None:
            setattr(values, name, option.default if engine.is_here else option.distant_default)


def _refuse_unknown(parser: OptionParser, names: Sequence[str], aliases: Mapping[str, str]) -> None:
    known = parser.option_names()
    if parser.beam and not known.issuperset(names):
        known |= OPTIONS
    for name in names:
        if name not in known:
            near = nearest(name, sorted(known.union(aliases)))
            advice = f"did you mean {near}?" if near else f"see {parser.prog} --help"
            raise UsageError(f"unknown option {name}; {advice}")
