"""A store in a folder of a local file system."""

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

import google_crc32c

from transforms.errors import ShardkeepError, UnreachableError
from transforms.map_ahead import map_ahead
from transforms.vault.store import ObjectGroup, ObjectStat, ObjectWriter, missing, taken

T = TypeVar("T")

_INCOMING = ".incoming"
_PIECE = 8 << 20
_SYNCS = 16
"""Files that are brought to disk at once."""

_REMEMBERED = 1000
_DURABLE: set[Path] = set()
"""Folders whose entries this process has brought to disk: there, and in the folders above them, they stay."""


@dataclass(frozen=True, slots=True)
class LocalStore:
    """Objects as files below `root`.

    A file is written in the folder `.incoming` and linked to its final name when it is whole and on
    disk: linking, unlike renaming, fails if the name is taken.
    """

    root: str

    def put(self, name: str, data: bytes) -> None:
        """Create the object `name` whole."""
        with self.create(name) as writer:
            writer.write(data)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        """Create the object `name` from a stream; see `Store.create`."""
        with self.group() as group, group.create(name) as writer:
            yield writer

    @contextmanager
    def group(self) -> Iterator[ObjectGroup]:
        """Create several objects; see `Store.group`."""
        group = _FileGroup(Path(self.root))
        try:
            yield group
            group.publish()
        finally:
            group.clear()

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object; see `Store.read`."""
        with _explained(name), Path(self.root, name).open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def stat(self, name: str) -> ObjectStat:
        """Size and checksum, taken from the bytes themselves: a file system keeps no checksum."""
        checksum, size = google_crc32c.Checksum(), 0
        with _explained(name), Path(self.root, name).open("rb") as file:
            while piece := file.read(_PIECE):
                checksum.update(piece)
                size += len(piece)
        return ObjectStat(name, size, int.from_bytes(checksum.digest(), "big"))

    def list(self, prefix: str) -> Iterator[str]:
        """Names of the objects that begin with `prefix`, sorted."""
        with _explained(prefix):
            names = sorted(self._walk("", prefix)) if Path(self.root).exists() else []
        yield from names

    def _walk(self, folder: str, prefix: str) -> Iterator[str]:
        """Names below `folder` that begin with `prefix`; folders that can hold none are not entered."""
        for entry in os.scandir(Path(self.root, folder)):
            name = f"{folder}{entry.name}"
            if not entry.is_dir():
                yield from [name] if name.startswith(prefix) else []
            elif name != _INCOMING and (prefix.startswith(f"{name}/") or name.startswith(prefix)):
                yield from self._walk(f"{name}/", prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        """Names of the folders directly below `prefix`, sorted."""
        start = Path(self.root, prefix)
        with _explained(prefix):
            found = [entry.name for entry in os.scandir(start) if entry.is_dir()] if start.exists() else []
        yield from sorted(name for name in found if name != _INCOMING)

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""
        with _explained(name):
            Path(self.root, name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _FileWriter:
    file: BinaryIO
    name: str

    def write(self, data: bytes) -> None:
        with _explained(self.name):
            self.file.write(data)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A file that has not got its name yet."""

    name: str
    path: Path
    file: BinaryIO

    def settle(self) -> None:
        """Bring it to disk."""
        with _explained(self.name):
            os.fsync(self.file.fileno())
            self.file.close()

    def discard(self) -> None:
        """Remove it; one that could not be written cannot be closed well, which is not told once more."""
        with suppress(OSError):
            self.file.close()
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _FileGroup:
    root: Path
    incoming: list[_Incoming] = field(default_factory=list)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        item = self._open(name)
        try:
            yield _FileWriter(item.file, name)
            with _explained(name):
                item.file.flush()
        except BaseException:
            item.discard()
            raise
        self.incoming.append(item)

    def _open(self, name: str) -> _Incoming:
        with _explained(name):
            if (self.root / name).exists():
                raise FileExistsError(name)
            path = self.root / _INCOMING / secrets.token_hex(16)
            path.parent.mkdir(parents=True, exist_ok=True)
            return _Incoming(name, path, path.open("xb"))

    def publish(self) -> None:
        """Bring the files to disk, then give them their names, then bring the names to disk, each folder once."""
        _side_by_side(_Incoming.settle, self.incoming)
        unsynced: dict[Path, str] = {}
        for item in self.incoming:
            self._name(item, unsynced)
        _side_by_side(_sync_named, list(unsynced.items()))
        _remember(unsynced)

    def _name(self, item: _Incoming, unsynced: dict[Path, str]) -> None:
        with _explained(item.name):
            final = self.root / item.name
            for folder in _make_folder(final.parent, self.root):
                unsynced[folder] = item.name
            os.link(item.path, final)
            unsynced[final.parent] = item.name

    def clear(self) -> None:
        """Remove what is left in `.incoming`."""
        for item in self.incoming:
            item.discard()


def _side_by_side(function: Callable[[T], None], items: Sequence[T]) -> None:
    """Call it for each: a file system that keeps a journal writes it once for all that wait for it."""
    if len(items) == 1:
        function(items[0])
    else:
        for _ in map_ahead(function, items, _SYNCS):
            pass


def _sync_named(item: tuple[Path, str]) -> None:
    """Bring a folder to disk for an object that it holds; both in a pair."""
    with _explained(item[1]):
        _sync_folder(item[0])


def _remember(folders: Iterable[Path]) -> None:
    """Know folders to be on disk; what was forgotten costs a sync."""
    if len(_DURABLE) > _REMEMBERED:
        _DURABLE.clear()
    _DURABLE.update(folders)


def _make_folder(folder: Path, root: Path) -> list[Path]:
    """Make a folder and those above it; returns those that must be synced for it to be there after a loss of power.

    A folder that others have just made may not be on disk yet: only one that this process has synced is known to be.
    """
    is_there = folder.is_dir()
    if is_there and (folder in _DURABLE or not folder.is_relative_to(root)):
        return []
    above = _make_folder(folder.parent, root)
    if not is_there:
        folder.mkdir(exist_ok=True)
    # The vault itself may be in a folder of others', which its owner may not read.
    return [*above, folder.parent] if folder != root or os.access(folder.parent, os.R_OK) else above


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _explain(error, name) from error


def _explain(error: OSError, name: str) -> ShardkeepError:
    where = error.filename or name
    if isinstance(error, FileExistsError):
        return taken(name)
    if isinstance(error, FileNotFoundError):
        return missing(name)
    if error.errno in (errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK):
        return UnreachableError(f"{where}: the file system has no hard links, which a local vault needs: {error}.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnreachableError(f"{where}: {error.strerror}. Make room in the vault's file system, then run again.")
    return UnreachableError(f"{where}: {error.strerror or error}. Check that the vault can be read and written.")
