"""`shardkeep` finds the command that is meant, or says which there are."""

import importlib
import shlex
import sys
import types

import pytest

from pipelines.command import dispatch
from pipelines.command.options.arguments import parse
from pipelines.command.print.version import version
from pipelines.command.rooms import COMMANDS


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out and help in out for name, (_, help) in COMMANDS.items())


@pytest.mark.parametrize("word", ["--version", "version"])
def test_the_version_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main([word]) == 0
    assert capsys.readouterr().out.splitlines() == [f"shardkeep {version()}"]


def test_help_of_a_command_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    helps = []
    for words in (["help", "show"], ["show", "--help"]):
        assert dispatch.main(words) == 0
        helps.append(capsys.readouterr().out)
    assert helps[0] == helps[1]
    assert helps[0].startswith("usage: shardkeep show ")
    assert dispatch.main(["help", "shw"]) == 2
    assert capsys.readouterr().err == "shardkeep: unknown command 'shw'; did you mean show?\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_are_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = importlib.import_module(COMMANDS[name].module).options()
    assert parser.examples
    assert dispatch.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    for example in parser.examples:
        assert f"  shardkeep {name} {example}\n" in shown
        assert max(map(len, f"  shardkeep {name} {example}".splitlines())) <= 100
        parse(parser, shlex.split(example.replace("\\\n", "")))


def test_no_command_is_a_usage_error_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"{dispatch.usage()}\nshardkeep: name a command\n"


@pytest.mark.parametrize(("word", "near"), [("verfy", "verify"), ("bigtable_backup", "bigtable-backup")])
def test_an_unknown_command_is_refused_with_the_nearest(
    word: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch.main([word, "--vault=x"]) == 2
    assert capsys.readouterr().err == f"shardkeep: unknown command {word!r}; did you mean {near}?\n"


def test_a_command_like_no_other_gets_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main(["qqqq"]) == 2
    assert capsys.readouterr().err.endswith(f"the commands are {', '.join(COMMANDS)}\n")


def test_a_command_gets_its_arguments_and_gives_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pipelines.verify")
    module.main = lambda argv: 5 if argv == ["--vault=x", "--json"] else 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pipelines.verify", module)
    assert dispatch.main(["verify", "--vault=x", "--json"]) == 5


def test_every_command_names_a_module_with_a_main() -> None:
    for module, _ in COMMANDS.values():
        assert callable(importlib.import_module(module).main)
