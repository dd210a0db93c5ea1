"""Temporary folders belong to a process that lives; the next one removes those of processes that were killed."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transforms import private_folder as folders
from transforms.private_folder import PREFIX, private_folder

HOLDER = """
import sys
from transforms.private_folder import PrivateFolder
held = PrivateFolder()
(held.path / "pgpass").write_text("secret")
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files; nothing has been looked for in it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    folders._remove_abandoned.cache_clear()
    yield tmp_path
    folders._remove_abandoned.cache_clear()


@contextmanager
def holder() -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Another process and the folder that it holds."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLDER], text=True, **pipes) as process:  # type: ignore[call-overload]
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_a_folder_is_private_and_goes_with_its_block(parent: Path) -> None:
    with private_folder() as path:
        assert path.parent == parent
        assert path.name.startswith(PREFIX)
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        (path / "progress").write_text("a")
    assert list(parent.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_is_held_stays(parent: Path) -> None:
    with holder() as (killed, abandoned), holder() as (_, held):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert (abandoned / "pgpass").read_text() == "secret"
        with private_folder() as own:
            assert sorted(parent.iterdir()) == sorted([held, own])
            assert (held / "pgpass").read_text() == "secret"


def test_only_folders_that_are_ours_are_touched(parent: Path) -> None:
    elsewhere = parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("a")
    (parent / f"{PREFIX}link").symlink_to(elsewhere)
    (parent / f"{PREFIX}file").write_text("a")
    (parent / "shardkeep-other").mkdir()
    with private_folder():
        pass
    names = ["elsewhere", "shardkeep-other", f"{PREFIX}file", f"{PREFIX}link"]
    assert sorted(path.name for path in parent.iterdir()) == sorted(names)
    assert (elsewhere / "kept").read_text() == "a"


def test_a_child_process_does_not_keep_its_parents_folder(parent: Path) -> None:
    with private_folder() as path:
        sleeper = subprocess.Popen(["sleep", "60"])
        try:
            inherited = os.listdir(f"/proc/{sleeper.pid}/fd")
            targets = [os.readlink(f"/proc/{sleeper.pid}/fd/{number}") for number in inherited]
        finally:
            sleeper.kill()
            sleeper.wait()
    assert str(path) not in targets
