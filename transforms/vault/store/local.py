"""A store in a folder of a local file system."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

import google_crc32c

from transforms.errors import IntegrityError, NotFoundError
from transforms.vault.store.incoming import INCOMING
from transforms.vault.store.interface import ObjectGroup, ObjectStat, ObjectWriter
from transforms.vault.store.local_errors import explained
from transforms.vault.store.local_folder import OpenFolders, opened_file, opened_folder, parts_of
from transforms.vault.store.local_group import FileGroup

_PIECE = 8 << 20
_LOG = logging.getLogger("shardkeep")


@dataclass(frozen=True, slots=True)
class LocalStore:
    """Objects as files below `root`; only the owner may read them and the folders that are created for them.

    A file is written in the folder `.incoming` and linked to its final name once it is whole and on
    disk: linking, unlike renaming, fails if the name is taken. Symbolic links below `root` are not followed, and are
    not listed, which is logged.
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
        with OpenFolders(self.root) as folders:
            group = FileGroup(folders)
            try:
                yield group
                group.publish()
            finally:
                group.clear()

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object; see `Store.read`."""
        with explained(name), opened_file(self.root, name) as file:
            rest = max(0, os.fstat(file.fileno()).st_size - start)
            file.seek(start if rest else 0)
            return file.read(rest if length is None else min(rest, length))

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        """Size and checksum; the checksum is computed from the bytes, if `size` is their number or None."""
        with explained(name), opened_file(self.root, name) as file:
            found = os.fstat(file.fileno()).st_size
            return ObjectStat(name, found, _checksum(file) if size in (None, found) else 0)

    def list(self, prefix: str) -> Iterator[str]:
        """Names of the objects that begin with `prefix`, sorted."""
        folder, slash, _ = prefix.rpartition("/")
        yield from sorted(self._walk(f"{folder}{slash}", prefix))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Names and sizes of the objects that begin with `prefix`, sorted; files removed meanwhile are left out."""
        for name in self.list(prefix):
            with suppress(NotFoundError), explained(name), opened_file(self.root, name) as file:
                yield name, os.fstat(file.fileno()).st_size

    def _walk(self, folder: str, prefix: str) -> Iterator[str]:
        """Names below `folder` that begin with `prefix`; folders that cannot contain any are skipped."""
        for entry, is_folder in self._entries(folder):
            name = f"{folder}{entry}"
            if not is_folder:
                yield from [name] if name.startswith(prefix) else []
            elif name != INCOMING and name.startswith(prefix[: len(name)]):
                yield from self._walk(f"{name}/", prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        """Names of the folders directly below `prefix`, sorted."""
        yield from sorted(
            name for name, is_folder in self._entries(prefix) if is_folder and f"{prefix}{name}" != INCOMING
        )

    def _entries(self, folder: str) -> Sequence[tuple[str, bool]]:
        """The names in a folder, each with whether it is a folder; empty if the folder does not exist."""
        found = []
        try:
            with explained(folder), suppress(FileNotFoundError), opened_folder(self.root, folder) as descriptor:
                for entry in os.scandir(descriptor):
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder or entry.is_file(follow_symlinks=False):
                        found.append((entry.name, is_folder))
                    else:
                        _LOG.warning("%s%s is neither a file nor a folder, and is left alone", folder, entry.name)
        except IntegrityError as error:
            _LOG.warning("%s", error)
        return found

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no error."""
        *folder, last = parts_of(name)
        with explained(name), suppress(FileNotFoundError), opened_folder(self.root, "/".join(folder)) as above:
            os.unlink(last, dir_fd=above)


def _checksum(file: BinaryIO) -> int:
    checksum = google_crc32c.Checksum()
    while piece := file.read(_PIECE):
        checksum.update(piece)
    return int.from_bytes(checksum.digest(), "big")
