"""The options of Beam, and which arguments belong to them.

Importing Beam takes seconds, so it happens inside the functions: a command that runs no job, or
that is only asked for its help, stays quick.
"""

from __future__ import annotations

import argparse
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from pipelines.command.job.beam_import import import_beam
from pipelines.command.job.launch import is_launch
from pipelines.command.options.runners import name_runner
from transforms.errors import UsageError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def check_beam_arguments(argv: Sequence[str]) -> list[str]:
    """Check that Beam accepts the arguments; returns them with `--runner` added if it was missing.

    Args:
        argv: The rest of the command line without our own options. A launcher may add options that
            only Dataflow knows: the service has checked the user's.

    Raises:
        UsageError: Beam refuses a value, or an argument belongs to no option.
    """
    refuse_leftovers([word for word in argv[:1] if not word.startswith("-")])  # no option before it
    named = name_runner(argv)
    arguments = [each for argument in named for each in _as_flag(argument)]
    _, unknown = beam_parser().parse_known_args(arguments)
    refuse_leftovers([argument for argument in unknown if not (is_launch(argv) and argument.startswith("--"))])
    return arguments


def _as_flag(argument: str) -> list[str]:
    """A true-or-false option in Beam's form, without a value; Flex Templates pass `--option=true` or `=false`."""
    name, _, value = argument.partition("=")
    if value.lower() not in ("true", "false"):
        return [argument]
    actions = beam_parser()._option_string_actions
    meant = actions.get(name)
    if meant is None or meant.nargs != 0:
        return [argument]
    wanted = meant.const == (value.lower() == "true")
    words = (word for word, each in actions.items() if each.dest == meant.dest and each.const == wanted)
    return list(itertools.islice(words, 1))


def refuse_leftovers(arguments: Sequence[str]) -> None:
    """Refuse arguments that belong to no option.

    Raises:
        UsageError: There is such an argument.
    """
    if arguments:
        raise UsageError(f"unexpected argument {arguments[0]!r}; values follow their option: --option=value")


@functools.cache
def beam_parser() -> argparse.ArgumentParser:
    """A parser of all of Beam's options; the first call imports Beam."""
    import_beam()
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    from pipelines.command.job import workers  # noqa: F401 - it adds our option about workers to Beam's

    # Without help: `--help` is ours. "resolve": a runner's options may repeat those of another.
    parser = _BeamArgumentParser(allow_abbrev=False, add_help=False, conflict_handler="resolve")
    for options in _descendants(PipelineOptions):
        options._add_argparse_args(parser)
    parser.error = _refuse  # type: ignore[method-assign]
    return parser


def _descendants(options: type[PipelineOptions]) -> Iterator[type[PipelineOptions]]:
    for child in options.__subclasses__():
        yield child
        yield from _descendants(child)


def _refuse(message: str) -> NoReturn:
    raise UsageError(f"{message.removeprefix('argument ')} (an option of Apache Beam)")
