"""Folders and files below a local vault, opened part by part and never through a symbolic link.

A vault's content is not trusted: a link in it, or a `..` in a name, would lead to a file outside the vault,
and opening a FIFO would wait forever. The vault's own folder is given by the user, and may be a link.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from transforms.errors import IntegrityError
from transforms.vault.store.local_errors import no_object

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# O_NONBLOCK: opening a FIFO would wait for its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class OpenFolders:
    """Descriptors of folders below `root`, each opened once; closed when the block ends. For one thread."""

    root: str
    opened: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> "OpenFolders":
        return self

    def __exit__(self, *_: object) -> None:
        while self.opened:
            os.close(self.opened.popitem()[1])

    def open(self, folder: str, made: list[str] | None = None) -> int:
        """The descriptor of a folder.

        Args:
            folder: The folder's name below `root`, with `/` between its parts; empty for `root` itself.
            made: If given, missing folders are created, for their owner only, and their names are added to it.

        Raises:
            FileNotFoundError: if it does not exist.
            IntegrityError: if a part of it is a link, or not a folder.
        """
        return self._open(parts_of(folder), made)

    def open_above(self) -> int:
        """The descriptor of the folder that contains `root`."""
        if ".." not in self.opened:
            self.opened[".."] = os.open(Path(self.root).parent, _FOLDER)
        return self.opened[".."]

    def _open(self, parts: list[str], made: list[str] | None) -> int:
        name = "/".join(parts)
        if name not in self.opened:
            self.opened[name] = _below(self._open(parts[:-1], made), parts, made) if parts else self._open_root(made)
        return self.opened[name]

    def _open_root(self, made: list[str] | None) -> int:
        if made is not None:
            _make_root(Path(self.root))
        return os.open(self.root, _FOLDER)


@contextmanager
def opened_folder(root: str, folder: str) -> Iterator[int]:
    """The descriptor of one folder; see `OpenFolders.open`."""
    with OpenFolders(root) as folders:
        yield folders.open(folder)


@contextmanager
def opened_file(root: str, name: str) -> Iterator[BinaryIO]:
    """A file below `root`, to be read.

    Raises:
        FileNotFoundError: if it does not exist.
        IntegrityError: if it is not a regular file, or is reached through a link.
    """
    *folder, last = parts_of(name)
    with opened_folder(root, "/".join(folder)) as above:
        descriptor = os.open(last, _FILE, dir_fd=above)
    with os.fdopen(_regular(descriptor, name), "rb") as file:
        yield file


def parts_of(name: str) -> list[str]:
    """The parts of a name.

    Raises:
        IntegrityError: if a part leads elsewhere, or cannot be a file's name.
    """
    parts = [part for part in name.split("/") if part]
    if any(part in (".", "..") or "\0" in part for part in parts):
        raise IntegrityError(f"{name!r:.200} is no name of an object of a vault.")
    return parts


def _below(descriptor: int, parts: list[str], made: list[str] | None) -> int:
    """The descriptor of the last of `parts`, in the open folder."""
    part, folder = parts[-1], "/".join(parts)
    try:
        return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
    except FileNotFoundError:
        if made is None:
            raise
        _make(descriptor, part)
        made.append(folder)
        return _below(descriptor, parts, None)
    except NotADirectoryError as error:
        is_link = stat.S_ISLNK(os.stat(part, dir_fd=descriptor, follow_symlinks=False).st_mode)
        raise no_object(folder, f"reached through {part}, a symbolic link," if is_link else "below a file") from error


def _make(descriptor: int, part: str) -> None:
    with suppress(FileExistsError):  # another writer created it meanwhile
        os.mkdir(part, _PRIVATE, dir_fd=descriptor)
        os.chmod(part, _PRIVATE, dir_fd=descriptor)  # the umask may have removed even the owner's rights


def _make_root(root: Path) -> None:
    if not root.is_dir():
        _make_root(root.parent)
        with opened_folder(str(root.parent), "") as above:
            _make(above, root.name)
            os.fsync(above)


def _regular(descriptor: int, name: str) -> int:
    """The descriptor, if it is that of a regular file; else it is closed."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise no_object(name, "no regular file")
    return descriptor
