"""The options that belong to Beam: which they are, and which of the arguments are theirs.

Importing Beam takes seconds, so it happens inside the functions: a command that runs no job, or
that is only asked for its help, stays quick.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from transforms.errors import UsageError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

# `DirectRunner` may pick, and download, another engine: the runner is always named.
DEFAULT_RUNNER = "FnApiRunner"


def beam_option_names() -> frozenset[str]:
    """Every option that Beam knows, with its dashes: `--project`, `--runner` and so on."""
    return frozenset(_beam_parser()._option_string_actions)


def check_beam_arguments(argv: Sequence[str]) -> list[str]:
    """Arguments that Beam will accept, with the default runner added if none is named.

    Args:
        argv: What is left of the command line once our own options are taken out.

    Raises:
        UsageError: Beam refuses a value, or an argument is a word without an option.
    """
    _, unknown = _beam_parser().parse_known_args(list(argv)) if argv else (None, [])
    refuse_leftovers(unknown)
    named = any(argument.partition("=")[0] == "--runner" for argument in argv)
    return [*argv] if named else [*argv, f"--runner={DEFAULT_RUNNER}"]


def refuse_leftovers(arguments: Sequence[str]) -> None:
    """Refuse what belongs to no option.

    Raises:
        UsageError: There is such an argument.
    """
    if arguments:
        raise UsageError(f"unexpected argument {arguments[0]!r}; values follow their option: --option=value")


@functools.cache
def _beam_parser() -> argparse.ArgumentParser:
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

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
