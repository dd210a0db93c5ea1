"""`README.md` lists every command with all of its options."""

import importlib
import re
from typing import cast

import pytest

from pipelines.command.options.arguments import OptionParser
from pipelines.command.rooms import COMMANDS
from tests.docs.markdown import DOCS, sections

README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def listed() -> dict[str, set[str]]:
    """Each command in the list of all, with the options that it is shown with."""
    commands = "\n".join(dict(sections(README))["Commands"]).strip("\n").partition("\n\n")[0]
    found = re.split(r"^ +shardkeep ([a-z-]+) ", commands, flags=re.MULTILINE)[1:]
    return {name: set(re.findall(r"--[a-z_]+", text)) for name, text in zip(found[::2], found[1::2], strict=True)}


def test_the_commands_are_those_of_the_registry_in_its_order() -> None:
    assert list(listed()) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_listed(name: str) -> None:
    parser = cast(OptionParser, importlib.import_module(COMMANDS[name].module).options())
    assert listed()[name] == {option.name for option in parser.declared}
