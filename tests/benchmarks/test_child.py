"""A measured child: what it used is what the operating system says of it alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.child import ChildError, Usage, run_module
from benchmarks.replay_process import REPOSITORY


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    source = """
import json, os, sys, time
filler = b"x" * int(sys.argv[1])
while time.process_time() < float(sys.argv[2]):
    pass
print(json.dumps({"argv": sys.argv[1:], "host": os.environ["BIGTABLE_EMULATOR_HOST"]}))
"""
    (tmp_path / "program.py").write_text(source)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPOSITORY)]), "BIGTABLE_EMULATOR_HOST": "h:1"}


def test_memory_time_and_output_of_a_child_are_seen(program: dict[str, str]) -> None:
    usage = measured([str(1 << 29), "0.3"], program)
    assert usage.printed == {"argv": [str(1 << 29), "0.3"], "host": "h:1"}
    assert 1 << 29 < usage.peak_bytes < 3 << 28
    assert 0.3 <= usage.cpu_seconds < 5
    assert usage.wall_seconds >= 0.3


def measured(arguments: list[str], environment: dict[str, str]) -> Usage:
    """What a slim process says of the program as its child: a child begins with the memory of its parent."""
    code = "import sys; from benchmarks.child import run_module; print(run_module('program', sys.argv[1:], {}))"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return eval(done.stdout, {"Usage": Usage})  # type: ignore[no-any-return]  # noqa: S307 - what our own child printed


def test_a_child_that_fails_is_reported_with_its_last_words() -> None:
    with pytest.raises(ChildError, match=r"code 1: .*No module named no_such_module"):
        run_module("no_such_module", [], {})


def test_output_that_is_no_object_is_an_error() -> None:
    with pytest.raises(ChildError, match=r"did not print one JSON object: b'.*Zen of Python"):
        run_module("this", [], {})


def test_output_of_another_kind_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lister.py").write_text(f"print({json.dumps([1])!r})")
    with pytest.raises(ChildError, match=r"b'\[1\]"):
        run_module("lister", [], {"PYTHONPATH": str(tmp_path)})
