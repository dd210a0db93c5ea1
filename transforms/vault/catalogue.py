"""The backups of a vault and their states."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeAlias

from transforms.errors import IntegrityError, NotFoundError, ShardkeepError
from transforms.map_ahead import map_ahead
from transforms.vault.format.failure_note import read_failures
from transforms.vault.format.intent import Intent
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.manifest import Manifest, decode_manifest
from transforms.vault.format.sealed_json import LARGEST_DOCUMENT
from transforms.vault.store.interface import read_whole
from transforms.vault.store.prefixed import PrefixedStore
from transforms.vault.vault import Vault

STARTED, FAILED, COMMITTED, BROKEN, DELETING = "STARTED", "FAILED", "COMMITTED", "BROKEN", "DELETING"
LOOKS = 16
"""Backups that are looked at at once: each look waits for a few requests to a store that may be far away."""

Address: TypeAlias = tuple[str, str]
"""The name of a source's folder, and the id of a backup in it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A backup as a vault lists it.

    Attributes:
        folder: Name of the source's folder.
        backup: Its id.
        state: One of STARTED, FAILED, COMMITTED, BROKEN, DELETING.
        manifest: Its manifest, if it is committed.
        lone_intent: Its intent, if it is not committed and the intent can be read.
        problem: Why it is broken, or why it failed: a line for each failure note.
    """

    folder: str
    backup: str
    state: str
    manifest: Manifest | None = None
    lone_intent: Intent | None = None
    problem: str = ""

    @property
    def intent(self) -> Intent | None:
        """The intent: from the manifest or, without one, as its own object."""
        return self.manifest.intent if self.manifest else self.lone_intent

    @property
    def order(self) -> tuple[str, str, str]:
        """A key that sorts backups by the time they were begun."""
        return (second_of((self.folder, self.backup)), self.intent.created if self.intent else "", self.backup)


def second_of(address: Address) -> str:
    """When a backup was begun, to the second, as its id begins."""
    return address[1].partition("-")[0]


def list_backups(vault: Vault, folder: str | None = None) -> list[Listing]:
    """All backups of a vault or of one of its sources, oldest first.

    Raises:
        NotFoundError: if there is no such source.
    """
    listings = map_ahead(partial(look, vault), all_addresses(vault, folder), LOOKS)
    return sorted(listings, key=lambda listing: listing.order)


def sources_of(vault: Vault, folder: str | None) -> list[str]:
    """The names of all source folders of a vault, or the one that is named.

    Raises:
        NotFoundError: if there is no such source.
    """
    names = list(vault.sources())
    if folder is None:
        return names
    if folder not in names:
        raise NotFoundError(f"--source={folder}: the vault has no such source. It has: {', '.join(names) or 'none'}.")
    return [folder]


def addresses_of(vault: Vault, folder: str) -> list[Address]:
    """The addresses of a source's backups."""
    return [(folder, backup) for backup in vault.backups(folder)]


def all_addresses(vault: Vault, folder: str | None) -> Iterator[Address]:
    """The addresses of all backups of a vault, or of one of its sources."""
    return chain.from_iterable(map_ahead(partial(addresses_of, vault), sources_of(vault, folder), LOOKS))


def look(vault: Vault, address: Address) -> Listing:
    """A backup and its state, in two requests if it is committed."""
    folder, backup = address
    store, layout = vault.store_of(folder), BackupLayout(backup)
    if _exists(store, layout.tombstone):
        return Listing(folder, backup, DELETING, lone_intent=_read_intent(store, layout))
    if listing := _look_at_manifest(vault, store, folder, backup):
        return listing
    failures, intent = read_failures(store, layout), _read_intent(store, layout)
    state = STARTED if failures is None else FAILED
    return Listing(folder, backup, state, lone_intent=intent, problem="\n".join(failures or []))


def _exists(store: PrefixedStore, name: str) -> bool:
    try:
        store.stat(name, 0)
    except NotFoundError:
        return False
    except IntegrityError:  # no regular file, but the name is taken
        return True
    return True


def _look_at_manifest(vault: Vault, store: PrefixedStore, folder: str, backup: str) -> Listing | None:
    """A committed backup; None without a manifest. Reading it finds that out: one request, not two."""
    try:
        return Listing(folder, backup, COMMITTED, manifest=read_manifest(vault, store, folder, backup))
    except NotFoundError:
        return None
    except IntegrityError as error:
        intent = _read_intent(store, BackupLayout(backup))
        return Listing(folder, backup, BROKEN, lone_intent=intent, problem=str(error))


def _read_intent(store: PrefixedStore, layout: BackupLayout) -> Intent | None:
    try:
        return Intent.decode(read_whole(store, layout.intent, LARGEST_DOCUMENT), layout.intent)
    except ShardkeepError:  # only information about an incomplete backup
        return None


def read_manifest(vault: Vault, store: PrefixedStore, folder: str, backup: str) -> Manifest:
    """The manifest of a backup, checked by itself and against its place.

    Raises:
        NotFoundError: if there is none.
        IntegrityError: if it is corrupt, or is another backup's, source's or vault's.
    """
    name = BackupLayout(backup).manifest
    manifest = decode_manifest(read_whole(store, name, LARGEST_DOCUMENT), f"{folder}/{name}")
    intent = manifest.intent
    if (intent.vault, intent.source.folder, intent.backup) != (vault.id, folder, backup):
        raise IntegrityError(
            f"{folder}/{name} is the manifest of backup {intent.backup} of {intent.source} in vault {intent.vault}"
            f", not of this one (vault {vault.id}): it, or VAULT.json, was put here from elsewhere."
        )
    return manifest
