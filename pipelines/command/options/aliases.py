"""Other names of options, which the command line accepts for people who know them from another tool."""

from collections.abc import Mapping, Sequence


def replace_aliases(argv: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """The arguments with every alias replaced by the option's own name; values are unchanged."""
    return [_replace(argument, aliases) for argument in argv]


def _replace(argument: str, aliases: Mapping[str, str]) -> str:
    name, equals, value = argument.partition("=")
    return f"{aliases.get(name, name)}{equals}{value}"
