"""A store in a folder of a local file system."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from transforms.errors import ShardkeepError, UnreachableError
from transforms.vault.store import ObjectStat, ObjectWriter, missing, taken

_INCOMING = ".incoming"
_PIECE = 8 << 20


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
        with _explained(name):
            final = Path(self.root, name)
            if final.exists():
                raise FileExistsError(name)
            incoming = Path(self.root, _INCOMING, secrets.token_hex(16))
            incoming.parent.mkdir(parents=True, exist_ok=True)
            file = incoming.open("xb")
        try:
            with _closed(file, name):
                yield _FileWriter(file, name)
                _settle(file, name)
            _publish(incoming, final, name)
        finally:
            incoming.unlink(missing_ok=True)

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


@contextmanager
def _closed(file: BinaryIO, name: str) -> Iterator[None]:
    """Close a file at the end; one that could not be written cannot be closed well, which is not told once more."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            file.close()
        raise
    with _explained(name):
        file.close()


def _settle(file: BinaryIO, name: str) -> None:
    with _explained(name):
        file.flush()
        os.fsync(file.fileno())


def _publish(incoming: Path, final: Path, name: str) -> None:
    with _explained(name):
        _make_folder(final.parent)
        os.link(incoming, final)
        _sync_folder(final.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they are there after a loss of power."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


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
