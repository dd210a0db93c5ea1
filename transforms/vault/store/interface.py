"""The store interface: the few operations that a vault needs of a file system or an object store.

Names are relative to the vault, with `/` between their parts. Every implementation passes the one
conformance suite in `tests/transforms/vault/store_conformance.py`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from transforms.errors import ExistsError, IntegrityError, NotFoundError, UnreachableError

_TRIES = 3


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """An object's name, size in bytes and CRC32C (unsigned)."""

    name: str
    size: int
    crc32c: int


class ObjectWriter(Protocol):
    """An object that is being created."""

    def write(self, data: bytes) -> None:
        """Append `data`."""


class ObjectGroup(Protocol):
    """Objects that are being created, and not needed before all of them exist."""

    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        """Create the object `name` from a stream, as `Store.create` does; it appears when the group's block ends."""


class Store(Protocol):
    """Objects by name. Nothing is ever overwritten or renamed.

    Every method raises `UnreachableError` if the store does not answer or does not permit it, and
    `IntegrityError` if the name is that of a link or a device in a folder.
    """

    def put(self, name: str, data: bytes) -> None:
        """Create the object `name` whole; raises `ExistsError` if the name is taken."""

    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        """Create the object `name` from a stream.

        The object appears, whole, when the block ends; an exception in the block cancels it, and
        no object appears. Raises `ExistsError` if the name is taken.
        """

    def group(self) -> AbstractContextManager[ObjectGroup]:
        """Create several objects, all of which exist, and are durable, when the block ends: cheaper than one by one.

        After an exception in the block some of them may exist; each is whole.
        """

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object; fewer than `length` only at its end. Raises `NotFoundError`."""

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        """Size and checksum of an object. Raises `NotFoundError`.

        A store that computes the checksum from the bytes need not if the object's size is not `size`: the checksum is
        then 0.
        """

    def list(self, prefix: str) -> Iterator[str]:
        """Names of all whole objects that begin with `prefix`, sorted."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Name and size in bytes of each of the objects that `list` names, sorted by name."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The parts that follow `prefix` (empty, or ending in `/`) in names with a further `/`, sorted."""

    def delete(self, name: str) -> None:
        """Remove an object; a missing one is no error."""


def taken(name: str) -> ExistsError:
    """The error for a name that is taken."""
    return ExistsError(f"{name} exists already in the vault; nothing is overwritten.")


def missing(name: str) -> NotFoundError:
    """The error for a missing object."""
    return NotFoundError(f"{name} is not in the vault.")


def read_whole(store: Store, name: str, most: int) -> bytes:
    """All bytes of an object, at most `most`.

    Raises:
        NotFoundError: if there is none.
        IntegrityError: if it has more.
    """
    data = store.read(name, 0, most + 1)
    if len(data) > most:
        raise IntegrityError(f"{name} has more than {most:,} bytes, which no object of this kind has.")
    return data


def put_once(store: Store, name: str, data: bytes) -> None:
    """Create `name` with `data`; an existing object with equal bytes counts as success.

    So a put whose answer was lost can be retried.

    Raises:
        ExistsError: if the object exists with other bytes.
        UnreachableError: if the store fails repeatedly.
    """
    for rest in reversed(range(_TRIES)):
        try:
            _put_or_recognise(store, name, data)
        except UnreachableError:
            if not rest:
                raise
            continue
        return


def _put_or_recognise(store: Store, name: str, data: bytes) -> None:
    try:
        store.put(name, data)
    except ExistsError:
        if store.read(name, 0, len(data) + 1) != data:
            raise
