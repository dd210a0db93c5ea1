"""A vault: its `VAULT.json` and the folders of its sources."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from transforms.errors import ExistsError, IntegrityError, NotFoundError, RefusedError
from transforms.vault.format.intent import FORMAT, require_format
from transforms.vault.format.layout import INTENT, VAULT, is_backup, is_source
from transforms.vault.format.sealed_json import seal, unseal
from transforms.vault.store.interface import Store, put_once, read_whole
from transforms.vault.store.opening import absolute_location, open_store, require_folder, tidy
from transforms.vault.store.prefixed import PrefixedStore

_LARGEST = 1 << 20
"""Most bytes of `VAULT.json`, which has a few hundred."""


@dataclass(frozen=True, slots=True)
class Vault:
    """An open vault: its location, its store, and its id, which every manifest repeats."""

    location: str
    store: Store
    id: str

    def store_of(self, folder: str) -> PrefixedStore:
        """The objects of a source's folder, by the names that references use."""
        return PrefixedStore(self.store, folder)

    def sources(self) -> Iterator[str]:
        """The names of the sources' folders, sorted; folders with other names are ignored."""
        return filter(is_source, self.store.folders(""))

    def backups(self, folder: str) -> Iterator[str]:
        """The ids of a source's backups, sorted; folders with other names are ignored."""
        return filter(is_backup, self.store_of(folder).folders(""))


def open_vault(location: str) -> Vault:
    """Open the vault at a location.

    Raises:
        NotFoundError: if there is none.
        IntegrityError: if `VAULT.json` is corrupt or of an unknown format.
        UsageError: if the location can be no vault's.
    """
    require_folder(location)
    store = open_store(location)
    try:
        value = unseal(read_whole(store, VAULT, _LARGEST), f"{location}/{VAULT}")
    except NotFoundError as error:
        raise NotFoundError(f"There is no vault at {location}: {error} Check --vault.") from error
    require_format(value, f"{location}/{VAULT}")
    if not isinstance(value.get("vault"), str):
        raise IntegrityError(f"{location}/{VAULT} names no vault id. Put the vault's own {VAULT} back.")
    return Vault(absolute_location(location), store, value["vault"])


def open_or_create_vault(location: str) -> Vault:
    """Open the vault at a location, or create one. What killed writers have left half-written is removed.

    Raises:
        RefusedError: if there are backups without `VAULT.json`: with a new id none of them could be read.
        UsageError: if the location can be no vault's.
    """
    require_folder(location)
    tidy(location)
    try:
        return open_vault(location)
    except NotFoundError:
        store = open_store(location)
    if _has_backups(store):
        return _open_or_refuse(location)
    with suppress(ExistsError):  # another backup created it at the same moment: the vault that is read counts
        put_once(store, VAULT, seal({"format": FORMAT, "vault": secrets.token_hex(16)}))
    return open_vault(location)


def _has_backups(store: Store) -> bool:
    backups = (f"{source}/{backup}" for source in store.folders("") for backup in store.folders(f"{source}/"))
    return any(True for backup in backups for _ in store.list(f"{backup}/{INTENT}"))


def _open_or_refuse(location: str) -> Vault:
    try:  # another backup may have created the vault and begun meanwhile
        return open_vault(location)
    except NotFoundError as error:
        raise RefusedError(
            f"{location} holds backups, but its {VAULT} is gone, and a new one would make them unreadable. Put it back"
            f" (it holds the id that every manifest there names), or give another --vault."
        ) from error
