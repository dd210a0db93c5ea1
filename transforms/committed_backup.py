"""The handle of a committed backup, for main and for workers."""

import functools
from dataclasses import dataclass

from transforms.vault.catalogue import read_manifest
from transforms.vault.format.attachments import Attachments
from transforms.vault.format.manifest import Manifest
from transforms.vault.store.opening import open_store
from transforms.vault.store.prefixed import PrefixedStore
from transforms.vault.vault import open_vault


@dataclass(frozen=True, slots=True)
class CommittedBackup:
    """A committed backup; pickled to workers, so it opens the vault only when asked.

    Attributes:
        vault: The vault's location.
        folder: Name of the source's folder.
        id: The backup's id.
    """

    vault: str
    folder: str
    id: str

    def store(self) -> PrefixedStore:
        """The objects of the source's folder."""
        return PrefixedStore(open_store(self.vault), self.folder)

    def manifest(self) -> Manifest:
        """The manifest, read and checked once per process.

        Raises:
            IntegrityError: if it is not what was written.
            NotFoundError: if there is none.
        """
        return _read_manifest(self)

    def attachments(self) -> Attachments:
        """The backup's attachments."""
        return Attachments(self.store(), self.manifest().attachments)


@functools.lru_cache(maxsize=4)
def _read_manifest(committed: CommittedBackup) -> Manifest:
    opened = open_vault(committed.vault)
    return read_manifest(opened, opened.store_of(committed.folder), committed.folder, committed.id)
