"""Files of a local vault that are being written: private, removed when nobody writes them, never before."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transforms.errors import ExistsError
from transforms.vault.store import incoming
from transforms.vault.store.local import LocalStore
from transforms.vault.vault import open_or_create_vault, open_vault

WRITER = """
import sys, time
from transforms.vault.store.local import LocalStore
with LocalStore(sys.argv[1]).create("a/b") as writer:
    writer.write(bytes(100_000))
    print("begun", flush=True)
    sys.stdin.read()
"""


@contextmanager
def writer(root: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in the middle of writing an object; it ends when its input does."""
    command = [sys.executable, "-c", WRITER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        try:
            yield process
        finally:
            process.kill()


def held(root: Path) -> list[str]:
    return os.listdir(root / ".incoming")


def test_what_a_killed_writer_left_is_removed_by_the_next_backup(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(held(tmp_path)) == 1
    open_or_create_vault(str(tmp_path))
    assert held(tmp_path) == []


def test_reading_a_vault_removes_nothing(tmp_path: Path) -> None:
    open_or_create_vault(str(tmp_path))
    (tmp_path / ".incoming" / ("0" * 32)).touch()
    open_vault(str(tmp_path))
    assert held(tmp_path) == ["0" * 32]


def test_the_file_of_a_living_writer_stays_and_becomes_its_object(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        open_or_create_vault(str(tmp_path))
        assert len(held(tmp_path)) == 1
        process.communicate()
        assert process.returncode == 0
    assert LocalStore(str(tmp_path)).read("a/b") == bytes(100_000)
    assert held(tmp_path) == []


def test_other_files_there_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"x")
    folder = tmp_path / "vault" / ".incoming"
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    (folder / ("0" * 32)).symlink_to(outside)
    os.mkfifo(folder / ("1" * 32))
    incoming.tidy(str(tmp_path / "vault"))
    assert len(held(tmp_path / "vault")) == 3
    assert outside.read_bytes() == b"x"


def test_a_writer_whose_file_is_removed_before_it_could_lock_it_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that tidies up may come between the making of a file and its lock."""
    make, removed = os.fchmod, list[str]()

    def tidied(descriptor: int, mode: int) -> None:
        make(descriptor, mode)
        if not removed:
            removed.extend(held(tmp_path))
            incoming.tidy(str(tmp_path))

    monkeypatch.setattr(os, "fchmod", tidied)
    LocalStore(str(tmp_path)).put("a", b"x")
    assert len(removed) == 1
    assert LocalStore(str(tmp_path)).read("a") == b"x"


def test_a_file_system_without_locks_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    store = LocalStore(str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", refuse)
    with store.create("a") as writing:
        writing.write(b"x")
        incoming.tidy(store.root)
    assert store.read("a") == b"x"


def test_a_folder_that_cannot_be_tidied_fails_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".incoming").symlink_to("nowhere")
    incoming.tidy(str(tmp_path))
    assert "what earlier runs left half-written stays" in caplog.text


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], ids=oct)
def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "above" / "vault"
    before = os.umask(umask)
    try:
        LocalStore(str(root)).put("a/b", b"x")
        with LocalStore(str(root)).create("a/c/d") as writing:
            writing.write(b"x")
            [being_written] = (root / ".incoming").iterdir()
            assert stat.S_IMODE(being_written.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [root.parent, root, *root.rglob("*")]}
    assert {path.is_dir(): mode for path, mode in modes.items()} == {True: 0o700, False: 0o600}
    assert len(modes) == 7


def test_folders_that_were_there_keep_their_rights(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "a"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    LocalStore(str(tmp_path)).put("a/b", b"x")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path, tmp_path / "a")] == [0o755, 0o755]


def test_writers_that_end_at_once_leave_one_object(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))

    def write_both() -> None:
        with store.create("a") as first:
            first.write(b"1")
            store.put("a", b"2")

    with pytest.raises(ExistsError):
        write_both()
    assert (store.read("a"), held(tmp_path)) == (b"2", [])
