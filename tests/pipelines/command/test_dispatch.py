"""`shardkeep` finds the command that is meant, or says which there are."""

import importlib
import sys
import types

import pytest

from pipelines.command import dispatch


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out and help in out for name, (_, help) in dispatch.COMMANDS.items())


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch.main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"shardkeep {dispatch.version()}"]


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
    commands = "bigtable-backup, bigtable-restore, postgres-backup, postgres-restore, list, show, verify"
    assert capsys.readouterr().err.endswith(f"the commands are {commands}\n")


def test_a_command_gets_its_arguments_and_gives_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pipelines.verify")
    module.main = lambda argv: 5 if argv == ["--vault=x", "--json"] else 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pipelines.verify", module)
    assert dispatch.main(["verify", "--vault=x", "--json"]) == 5


def test_every_command_that_exists_names_a_module_with_a_main() -> None:
    for module, _ in dispatch.COMMANDS.values():
        if importlib.util.find_spec(module):
            assert callable(importlib.import_module(module).main)
