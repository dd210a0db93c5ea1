"""A group of files that get their names together: syncing them side by side waits less than one by one."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from transforms.map_ahead import map_ahead
from transforms.vault.store import incoming
from transforms.vault.store.incoming import Incoming
from transforms.vault.store.interface import ObjectWriter
from transforms.vault.store.local_errors import explained
from transforms.vault.store.local_folder import OpenFolders, parts_of

T = TypeVar("T")

_SYNCS = 8
"""Files that are synced at once."""

_ABOVE = ".."
"""Stands for the folder that contains the vault's; it cannot be the name of a folder below."""

_REMEMBERED = 1000
_DURABLE: set[tuple[str, str]] = set()
"""Vaults and folders whose entries this process has synced to disk, with those of all folders above."""


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files below the root of `folders` without final names yet, each after the name that it will get."""

    folders: OpenFolders
    begun: list[tuple[str, Incoming]] = field(default_factory=list)

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        """Create a file from a stream; see `ObjectGroup`."""
        with explained(name):
            self._require_free(name)
            begun = incoming.begin(self.folders)
        try:
            yield _FileWriter(begun, name)
            with explained(name):
                begun.file.flush()
        except BaseException:
            incoming.discard(self.folders, begun)
            raise
        self.begun.append((name, begun))

    def _require_free(self, name: str) -> None:
        *folder, last = parts_of(name)
        with suppress(FileNotFoundError):
            os.stat(last, dir_fd=self.folders.open("/".join(folder)), follow_symlinks=False)
            raise FileExistsError(name)

    def publish(self) -> None:
        """Sync the files, give them their names, then sync the folders, each once."""
        _side_by_side(_settle, self.begun)
        unsynced: dict[str, str] = {}
        for name, begun in self.begun:
            with explained(name):
                _forget(self.folders.root, incoming.publish(self.folders, begun, name))
            unsynced.update(dict.fromkeys(_to_sync(self.folders.root, name.rpartition("/")[0]), name))
        _side_by_side(_sync, [(name, self._descriptor(folder)) for folder, name in unsynced.items()])
        _remember(self.folders.root, unsynced)

    def _descriptor(self, folder: str) -> int:
        return self.folders.open_above() if folder == _ABOVE else self.folders.open(folder)

    def clear(self) -> None:
        """Remove the files' temporary names."""
        for _, begun in self.begun:
            incoming.discard(self.folders, begun)


@dataclass(frozen=True, slots=True)
class _FileWriter:
    begun: Incoming
    name: str

    def write(self, data: bytes) -> None:
        with explained(self.name):
            self.begun.file.write(data)


def _settle(item: tuple[str, Incoming]) -> None:
    """Sync a file; it stays open, and so locked, until it has its name."""
    with explained(item[0]):
        os.fsync(item[1].file.fileno())


def _sync(item: tuple[str, int]) -> None:
    """Sync a folder, by its descriptor, for an object in it."""
    with explained(item[0]):
        os.fsync(item[1])


def _side_by_side(function: Callable[[T], None], items: Sequence[T]) -> None:
    """Call it for each, in threads: a file system writes its journal once for all that wait for it."""
    strips = [items[start::_SYNCS] for start in range(min(_SYNCS, len(items)))]
    for _ in map_ahead(partial(_each, function), strips, _SYNCS):
        pass


def _each(function: Callable[[T], None], items: Sequence[T]) -> None:
    for item in items:
        function(item)


def _to_sync(root: str, folder: str) -> Iterator[str]:
    """The folders to sync so that the content of `folder` survives a loss of power.

    A folder that another process has just created may not be on disk yet: only this process's syncs are known.
    """
    yield folder
    while folder and (root, folder) not in _DURABLE:
        folder = folder.rpartition("/")[0]
        yield folder
    # The vault itself may be in another user's folder, which its owner may not read.
    if (root, folder) not in _DURABLE and os.access(Path(root).parent, os.R_OK):
        yield _ABOVE


def _remember(root: str, folders: Iterable[str]) -> None:
    """Remember that folders are on disk; forgetting costs only another sync."""
    if len(_DURABLE) > _REMEMBERED:
        _DURABLE.clear()
    _DURABLE.update((root, folder) for folder in folders)


def _forget(root: str, made: Iterable[str]) -> None:
    """Forget folders that were created again: the earlier ones of these names are gone."""
    _DURABLE.difference_update((root, folder) for folder in made)
