"""Nothing that others wrote makes a terminal act, and a reader that has gone is no fault."""

import io
import logging
import os
import subprocess
import sys
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.exit_codes import run_command
from pipelines.command.print.escapes import lines, one_line
from transforms.errors import UnreachableError

HOSTILE = "a\x1b]0;owned\x07b\x9bc\u202egnp\u2066d\r\x00"
SHOWN = "a\\x1b]0;owned\\x07b\\x9bc\\u202egnp\\u2066d\\r\\x00"


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_has_a_character_that_a_terminal_acts_on(text: str) -> None:
    for shown, laid_out in ((one_line(text), ""), (lines(text), "\n\t")):
        kinds = {unicodedata.category(character) for character in shown if character not in laid_out}
        assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert [one_line(line) for line in text.split("\n")] == lines(text.replace("\t", "\\t")).split("\n")


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" \n\t")))
def test_text_that_can_be_seen_stays_as_it_is(text: str) -> None:
    assert lines(text) == text


def test_prints_errors_and_logs_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: Sequence[str]) -> int:
        print(HOSTILE)
        print(f"warning: {HOSTILE}", file=sys.stderr)
        handler = logging.StreamHandler(sys.stderr)
        handler.emit(logging.makeLogRecord({"msg": f"log: {HOSTILE}"}))
        sys.stdout.writelines([HOSTILE, "\n"])
        raise UnreachableError(f"the server says: {HOSTILE}\nand goes on")

    out, err = sys.stdout, sys.stderr
    assert run_command(main, []) == 9
    assert capsys.readouterr() == (
        f"{SHOWN}\n{SHOWN}\n",
        f"warning: {SHOWN}\nlog: {SHOWN}\nshardkeep: the server says: {SHOWN}\nand goes on\n",
    )
    assert (sys.stdout, sys.stderr) == (out, err)


def test_the_traceback_of_a_fault_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: Sequence[str]) -> int:
        raise KeyError(HOSTILE)

    assert run_command(main, []) == 1
    assert "\x1b" not in (err := capsys.readouterr().err)
    assert "Traceback" in err


def test_a_stream_keeps_what_it_is() -> None:
    def main(argv: Sequence[str]) -> int:
        return int(sys.stdout.isatty()) + len(sys.stdout.encoding or "")

    with io.TextIOWrapper(io.BytesIO(), encoding="ascii") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        assert run_command(main, []) == len("ascii")
        assert run_command(lambda argv: print("\xe9\udc80") or 0, []) == 0
        assert out.buffer.getvalue() == b"\\xe9\\udc80\n"


WRITER = """
import sys
from pipelines.command.exit_codes import run_command
def main(argv):
    for _ in range(100_000):
        print("a line", file=getattr(sys, argv[0]))
    return 0
sys.exit(run_command(main, sys.argv[1:]))
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_ends_a_command_quietly(stream: str, unbuffered: str) -> None:
    command = [sys.executable, "-c", WRITER, stream]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, **pipes) as process:  # type: ignore[call-overload]
        read, other = (process.stdout, process.stderr) if stream == "stdout" else (process.stderr, process.stdout)
        assert read.readline() == b"a line\n"
        read.close()
        assert other.read() == b""
        assert process.wait(300) == 141


def test_help_whose_reader_is_gone_ends_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pipelines.command.dispatch", "--help"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_pipe_that_breaks_elsewhere_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: Sequence[str]) -> int:
        raise BrokenPipeError("a server's socket")

    assert run_command(main, []) == 1
    assert "unexpected BrokenPipeError: a server's socket" in capsys.readouterr().err
