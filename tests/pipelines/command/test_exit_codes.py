"""However a command ends, its exit code and its one error say so."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest

from pipelines.command.exit_codes import run_command
from transforms import errors
from transforms.errors import IntegrityError, NotFoundError, RefusedError, ShardkeepError, UsageError


def raising(error: BaseException) -> Callable[[Sequence[str]], int]:
    def main(argv: Sequence[str]) -> NoReturn:
        raise error

    return main


def test_what_the_command_returns_is_the_exit_code() -> None:
    assert run_command(lambda argv: len(argv), ["a", "b", "c"]) == 3


def test_the_arguments_are_those_of_the_process_if_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["shardkeep", "a", "b"])
    assert run_command(lambda argv: len(argv)) == 2


@pytest.mark.parametrize("kind", [ShardkeepError, *ShardkeepError.__subclasses__()])
def test_each_of_our_errors_has_its_code_and_no_traceback(
    kind: type[ShardkeepError], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(raising(kind("the table t is gone")), []) == kind.exit_code
    assert capsys.readouterr() == ("", "shardkeep: the table t is gone\n")


def test_the_codes_are_those_of_the_contract() -> None:
    codes = {name: getattr(errors, name).exit_code for name in dir(errors) if name.endswith("Error")}
    assert codes == {
        "ShardkeepError": 1,
        "UsageError": 2,
        "SkippedError": 3,
        "IntegrityError": 5,
        "RefusedError": 6,
        "NotFoundError": 7,
        "ExistsError": 8,
        "UnreachableError": 9,
    }


@pytest.mark.parametrize("argv", [["--json"], ["--json=true"], ["--json", "true"], ["--x", "--json=TRUE"]])
def test_with_json_the_error_is_an_object_on_stdout(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(IntegrityError('bad "shard"\nat 5')), argv) == 5
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": {"code": 5, "message": 'bad "shard"\nat 5'}}
    assert captured.err == 'shardkeep: bad "shard"\nat 5\n'


@pytest.mark.parametrize("argv", [[], ["--json=false"], ["--json", "false"], ["--jsonx"]])
def test_without_json_nothing_goes_to_stdout(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(UsageError("no")), argv) == 2
    assert capsys.readouterr().out == ""


def test_any_other_exception_is_a_fault_of_ours_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(KeyError("lost")), ["--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["code"] == 1
    assert "Traceback" in captured.err
    assert captured.err.endswith("shardkeep: unexpected KeyError: 'lost'\n")


def test_an_interruption_from_the_keyboard_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err == "shardkeep: interrupted\n"


@pytest.mark.usefixtures("heeded_signals")
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "the terminal hung up")]
)
def test_a_signal_that_ends_has_its_code_and_runs_the_cleanup(
    number: signal.Signals, code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned = []

    def main(argv: Sequence[str]) -> int:
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(20)
        except Exception:
            return 0
        finally:
            cleaned.append(True)
        return 0

    before = signal.getsignal(number)
    assert run_command(main, []) == code
    assert cleaned == [True]
    assert capsys.readouterr().err == f"shardkeep: {word}\n"
    assert signal.getsignal(number) is before


def test_a_command_that_nohup_starts_lives_on_without_its_terminal() -> None:
    def main(argv: Sequence[str]) -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_command(main, []) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("status", "code"), [(None, 0), (0, 0), (2, 2), ("why", 1)])
def test_an_exit_from_inside_becomes_a_code(status: object, code: int) -> None:
    def main(argv: Sequence[str]) -> NoReturn:
        raise SystemExit(status)

    assert run_command(main, []) == code


def test_a_command_also_runs_outside_the_main_thread() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_command(raising(RefusedError("no")), [])))
    thread.start()
    thread.join()
    assert codes == [6]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_fails_after_a_signal_is_the_signals_doing_whoever_handled_it(
    number: signal.Signals, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(argv: Sequence[str]) -> int:
        signal.signal(number, lambda *_: None)  # as Beam's job servers do
        os.kill(os.getpid(), number)
        raise OSError("the engine is gone")

    before = signal.getsignal(number)
    try:
        assert run_command(main, []) == code
    finally:
        signal.signal(number, before)
    assert capsys.readouterr().err == f"shardkeep: {'interrupted' if code == 130 else 'terminated'}\n"


def test_other_signals_end_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: Sequence[str]) -> int:
        os.kill(os.getpid(), signal.SIGUSR1)
        raise NotFoundError("there is no table t")

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        assert run_command(main, []) == NotFoundError.exit_code
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert capsys.readouterr().err == "shardkeep: there is no table t\n"
