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

Place: TypeAlias = tuple[str, str]
"""The name of a source's folder, and the id of a backup in it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A backup as a vault lists it.

    Attributes:
        source: Name of the source's folder.
        backup: Its id.
        state: One of STARTED, FAILED, COMMITTED, BROKEN, DELETING.
        manifest: Its manifest, if it is committed.
        lone_intent: Its intent, if it is not committed and the intent can be read.
        problem: Why it is broken, or why it failed: a line for each failure note.
    """

    source: str
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
        return (second_of((self.source, self.backup)), self.intent.created if self.intent else "", self.backup)


def second_of(place: Place) -> str:
    """When a backup was begun, to the second, as its id begins."""
    return place[1].partition("-")[0]


def list_backups(vault: Vault, source: str | None = None) -> list[Listing]:
    """All backups of a vault or of one of its sources, oldest first.

    Raises:
        NotFoundError: if there is no such source.
    """
    listings = map_ahead(partial(look, vault), all_places(vault, source), LOOKS)
    return sorted(listings, key=lambda listing: listing.order)


def sources_of(vault: Vault, source: str | None) -> list[str]:
    """The names of all source folders of a vault, or the one that is named.

    Raises:
        NotFoundError: if there is no such source.
    """
    names = list(vault.sources())
    if source is None:
        return names
    if source not in names:
        raise NotFoundError(f"--source={source}: the vault has no such source. It has: {', '.join(names) or 'none'}.")
    return [source]


def places_of(vault: Vault, source: str) -> list[Place]:
    """The places of a source's backups."""
    return [(source, backup) for backup in vault.backups(source)]


def all_places(vault: Vault, source: str | None) -> Iterator[Place]:
    """The places of all backups of a vault, or of one of its sources."""
    return chain.from_iterable(map_ahead(partial(places_of, vault), sources_of(vault, source), LOOKS))


def look(vault: Vault, place: Place) -> Listing:
    """A backup and its state, in two requests if it is committed."""
    source, backup = place
    folder, layout = vault.folder(source), BackupLayout(backup)
    if _exists(folder, layout.tombstone):
        return Listing(source, backup, DELETING, lone_intent=_read_intent(folder, layout))
    if listing := _look_at_manifest(vault, folder, source, backup):
        return listing
    failures, intent = read_failures(folder, layout), _read_intent(folder, layout)
    state = STARTED if failures is None else FAILED
    return Listing(source, backup, state, lone_intent=intent, problem="\n".join(failures or []))


def _exists(folder: PrefixedStore, name: str) -> bool:
    try:
        folder.stat(name, 0)
    except NotFoundError:
        return False
    except IntegrityError:  # no regular file, but the name is taken
        return True
    return True


def _look_at_manifest(vault: Vault, folder: PrefixedStore, source: str, backup: str) -> Listing | None:
    """A committed backup; None without a manifest. Reading it finds that out: one request, not two."""
    try:
        return Listing(source, backup, COMMITTED, manifest=read_manifest(vault, folder, source, backup))
    except NotFoundError:
        return None
    except IntegrityError as error:
        intent = _read_intent(folder, BackupLayout(backup))
        return Listing(source, backup, BROKEN, lone_intent=intent, problem=str(error))


def _read_intent(folder: PrefixedStore, layout: BackupLayout) -> Intent | None:
    try:
        return Intent.decode(read_whole(folder, layout.intent, LARGEST_DOCUMENT), layout.intent)
    except ShardkeepError:  # only information about an incomplete backup
        return None


def read_manifest(vault: Vault, folder: PrefixedStore, source: str, backup: str) -> Manifest:
    """The manifest of a backup, checked by itself and against its place.

    Raises:
        NotFoundError: if there is none.
        IntegrityError: if it is corrupt, or is another backup's, source's or vault's.
    """
    name = BackupLayout(backup).manifest
    manifest = decode_manifest(read_whole(folder, name, LARGEST_DOCUMENT), f"{source}/{name}")
    intent = manifest.intent
    if (intent.vault, intent.source.folder, intent.backup) != (vault.id, source, backup):
        raise IntegrityError(
            f"{source}/{name} is the manifest of backup {intent.backup} of {intent.source} in vault {intent.vault}"
            f", not of this one (vault {vault.id}): it, or VAULT.json, was put here from elsewhere."
        )
    return manifest
