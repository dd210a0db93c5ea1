"""A store whose names are relative to a folder of another store."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from transforms.vault.store.interface import ObjectGroup, ObjectStat, ObjectWriter, Store


@dataclass(frozen=True, slots=True)
class PrefixedStore:
    """The objects of `store` below `folder`, under their names relative to it."""

    store: Store
    folder: str

    def _name(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def put(self, name: str, data: bytes) -> None:
        """See `Store.put`."""
        self.store.put(self._name(name), data)

    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        """See `Store.create`."""
        return self.store.create(self._name(name))

    @contextmanager
    def group(self) -> Iterator[ObjectGroup]:
        """See `Store.group`."""
        with self.store.group() as group:
            yield _PrefixedGroup(group, self.folder)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Store.read`."""
        return self.store.read(self._name(name), start, length)

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        """See `Store.stat`."""
        return replace(self.store.stat(self._name(name), size), name=name)

    def list(self, prefix: str) -> Iterator[str]:
        """See `Store.list`."""
        return (name[len(self.folder) + 1 :] for name in self.store.list(self._name(prefix)))

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Store.sizes`."""
        return ((name[len(self.folder) + 1 :], size) for name, size in self.store.sizes(self._name(prefix)))

    def folders(self, prefix: str) -> Iterator[str]:
        """See `Store.folders`."""
        return self.store.folders(self._name(prefix))

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        self.store.delete(self._name(name))


@dataclass(frozen=True, slots=True)
class _PrefixedGroup:
    group: ObjectGroup
    folder: str

    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        return self.group.create(f"{self.folder}/{name}")
