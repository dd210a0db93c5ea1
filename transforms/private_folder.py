"""Temporary folders that only the process's user may enter, and that do not outlive it, even after `kill -9`.

A folder belongs to the process that holds a lock on it (`flock`); the system releases the lock when that process
ends, however it ends. Each process that makes a folder first removes those without an owner: passwords, sockets of a
proxy and progress of jobs that were killed. A process id would not do: it may be another process's by now, or one
in another container that shares the folder of temporary files.
"""

import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from transforms.errors import ShardkeepError

PREFIX = "shardkeep-run-"
"""The prefix of our folders' names: a folder with this prefix and no owner is removed."""

_TRIES = 10
_NO_LOCK = -1


class PrivateFolder:
    """A folder of this process, mode 0700, which exists until `remove`.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        """Make a folder; the first one of a process also removes what others have left."""
        _remove_abandoned(tempfile.gettempdir())
        self.path, self._lock = _make()

    def remove(self) -> None:
        """Remove the folder and its content; calling again changes nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        lock, self._lock = self._lock, _NO_LOCK
        if lock != _NO_LOCK:
            os.close(lock)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A private folder while the block runs."""
    folder = PrivateFolder()
    try:
        yield folder.path
    finally:
        folder.remove()


def _make() -> tuple[Path, int]:
    """A new folder and the descriptor that locks it. Another process may take it for abandoned before it is locked."""
    for _ in range(_TRIES):
        path = tempfile.mkdtemp(prefix=PREFIX)
        try:
            lock = _locked(path)
        except OSError:  # this file system has no locks on folders, so no process takes it for abandoned either
            return Path(path), _NO_LOCK
        if lock is not None:
            return Path(path), lock
    raise ShardkeepError(f"no folder can be kept in {tempfile.gettempdir()}: set TMPDIR to a folder of yours.")


def _locked(path: str) -> int | None:
    """The descriptor of a folder, locked from now on; None if another process holds it, or it does not exist.

    Raises:
        OSError: if it cannot be locked.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            stack.callback(os.close, folder)
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_there = os.fstat(folder).st_ino == os.stat(path, follow_symlinks=False).st_ino
        except (FileNotFoundError, BlockingIOError):
            return None
        if is_there:
            stack.pop_all()
            return folder
        return None


@functools.cache
def _remove_abandoned(parent: str) -> None:
    """Remove this user's folders that no process holds; once per process."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_own(entry):
                _remove_if_abandoned(entry.path)


def _is_own(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.getuid()
    except OSError:
        return False


def _remove_if_abandoned(path: str) -> None:
    with contextlib.suppress(OSError):
        lock = _locked(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
