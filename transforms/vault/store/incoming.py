"""Files that are being written, in a separate folder of the vault, until they get their names.

A writer holds a lock (`flock`) on its file as long as it lives, so a file without a lock was left by `kill -9`.
On NFS other machines see a lock only if the mount supports it (not with `nolock` or `local_lock=flock`).
"""

import fcntl
import logging
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from transforms.errors import ShardkeepError
from transforms.vault.store.local_errors import explained
from transforms.vault.store.local_folder import OpenFolders, opened_folder

INCOMING = ".incoming"
_FORM = re.compile("[0-9a-f]{32}")
_PRIVATE = 0o600
_LOG = logging.getLogger("shardkeep")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that is being written: its temporary name, and the open file."""

    name: str
    file: BinaryIO


def begin(folders: OpenFolders) -> Incoming:
    """A new file, readable by its owner only, whatever the umask."""
    folder = folders.open(INCOMING, [])
    while True:
        name = secrets.token_hex(16)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE, dir_fd=folder)
        if _is_kept(descriptor):
            return Incoming(name, os.fdopen(descriptor, "wb"))
        os.close(descriptor)


def _is_kept(descriptor: int) -> bool:
    """Lock a new file; returns whether it still exists, since `tidy` may have removed it before the lock."""
    os.fchmod(descriptor, _PRIVATE)
    _lock(descriptor, fcntl.LOCK_EX)
    return os.fstat(descriptor).st_nlink > 0


def _lock(descriptor: int, kind: int) -> bool:
    """Whether the file is locked; on a file system without locks, all count as locked, and none is removed."""
    try:
        fcntl.flock(descriptor, kind)
    except OSError:
        return False
    return True


def publish(folders: OpenFolders, incoming: Incoming, name: str) -> list[str]:
    """Give a file its name; returns the folders that were created. Raises FileExistsError if the name is taken."""
    folder, _, last = name.rpartition("/")
    made: list[str] = []
    source, target = folders.open(INCOMING), folders.open(folder, made)
    os.link(incoming.name, last, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    return made


def discard(folders: OpenFolders, incoming: Incoming) -> None:
    """Close a file and remove its temporary name.

    If it could not be written, closing fails too; that error is not raised again.
    """
    with suppress(OSError):
        incoming.file.close()
    with explained(incoming.name), suppress(FileNotFoundError):
        os.unlink(incoming.name, dir_fd=folders.open(INCOMING))


def tidy(root: str) -> None:
    """Remove the files whose writers are gone. A failure is only logged."""
    try:
        with explained(INCOMING), suppress(FileNotFoundError), opened_folder(root, INCOMING) as folder:
            removed = [name for name in filter(_FORM.fullmatch, os.listdir(folder)) if _remove_nobodys(folder, name)]
            if removed:
                _LOG.info("removed %d half-written files of writers that are gone from %s", len(removed), root)
    except ShardkeepError as error:
        _LOG.warning("what earlier runs left half-written stays: %s", error)


def _remove_nobodys(folder: int, name: str) -> bool:
    with suppress(OSError), _opened(folder, name) as descriptor:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
            os.unlink(name, dir_fd=folder)
            return True
    return False


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    """The file, open for writing, which a lock on NFS needs."""
    descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
