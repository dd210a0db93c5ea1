"""Several files that get their names together: bringing them to disk side by side takes fewer waits than one by one."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from transforms.map_ahead import map_ahead
from transforms.vault import incoming
from transforms.vault.incoming import Incoming
from transforms.vault.local_errors import explained
from transforms.vault.local_folder import opened_folder, parts_of
from transforms.vault.store import ObjectWriter

T = TypeVar("T")

_SYNCS = 16
"""Files that are brought to disk at once."""

_REMEMBERED = 1000
_DURABLE: set[Path] = set()
"""Folders whose entries this process has brought to disk: there, and in the folders above them, they stay."""


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files below `root` that have no names yet, each after the name that it will get."""

    root: str
    begun: list[tuple[str, Incoming]] = field(default_factory=list)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        """Create a file from a stream; see `ObjectGroup`."""
        with explained(name):
            self._require_free(name)
            begun = incoming.begin(self.root)
        try:
            yield _FileWriter(begun, name)
            with explained(name):
                begun.file.flush()
        except BaseException:
            incoming.discard(self.root, begun)
            raise
        self.begun.append((name, begun))

    def _require_free(self, name: str) -> None:
        *folder, last = parts_of(name)
        with suppress(FileNotFoundError), opened_folder(self.root, "/".join(folder)) as above:
            os.stat(last, dir_fd=above, follow_symlinks=False)
            raise FileExistsError(name)

    def publish(self) -> None:
        """Bring the files to disk, then give them their names, then bring the names to disk, each folder once."""
        _side_by_side(_settle, self.begun)
        unsynced: dict[Path, str] = {}
        for name, begun in self.begun:
            with explained(name):
                _forget(Path(self.root, made) for made in incoming.publish(self.root, begun, name))
            unsynced.update(dict.fromkeys(_to_sync(Path(self.root), Path(self.root, name).parent), name))
        _side_by_side(_sync, list(unsynced.items()))
        _remember(unsynced)

    def clear(self) -> None:
        """Take away the names that the files had while they were written."""
        for _, begun in self.begun:
            incoming.discard(self.root, begun)


@dataclass(frozen=True, slots=True)
class _FileWriter:
    begun: Incoming
    name: str

    def write(self, data: bytes) -> None:
        with explained(self.name):
            self.begun.file.write(data)


def _settle(item: tuple[str, Incoming]) -> None:
    """Bring a file to disk; it stays open, and so locked, until it has its name."""
    with explained(item[0]):
        os.fsync(item[1].file.fileno())


def _sync(item: tuple[Path, str]) -> None:
    """Bring a folder to disk for an object that it holds; both in a pair."""
    with explained(item[1]), opened_folder(str(item[0]), "") as descriptor:
        os.fsync(descriptor)


def _side_by_side(function: Callable[[T], None], items: Sequence[T]) -> None:
    """Call it for each: a file system that keeps a journal writes it once for all that wait for it."""
    if len(items) == 1:
        function(items[0])
    else:
        for _ in map_ahead(function, items, _SYNCS):
            pass


def _to_sync(root: Path, folder: Path) -> Iterator[Path]:
    """The folders that must be on disk for what is in `folder` to be there after a loss of power.

    A folder that others have just made may not be on disk yet: only one that this process has synced is known to be.
    """
    yield folder
    while folder not in _DURABLE and folder.is_relative_to(root):
        # The vault itself may be in a folder of others', which its owner may not read.
        if folder != root or os.access(folder.parent, os.R_OK):
            yield folder.parent
        folder = folder.parent


def _remember(folders: Iterable[Path]) -> None:
    """Know folders to be on disk; what was forgotten costs a sync."""
    if len(_DURABLE) > _REMEMBERED:
        _DURABLE.clear()
    _DURABLE.update(folders)


def _forget(made: Iterable[Path]) -> None:
    """Know nothing of folders that were made anew: those that had their names are gone."""
    _DURABLE.difference_update(made)
