"""Finds the backup that the options name."""

from datetime import datetime, timezone
from functools import partial
from itertools import groupby

from transforms.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from transforms.map_ahead import map_ahead
from transforms.vault.age import is_ahead, warn_of_ahead
from transforms.vault.catalogue import (
    BROKEN,
    COMMITTED,
    DELETING,
    LOOKS,
    Address,
    Listing,
    addresses_of,
    all_addresses,
    look,
    second_of,
    sources_of,
)
from transforms.vault.format.manifest import Manifest
from transforms.vault.vault import Vault

LATEST = "latest"


def find_backup(
    vault: Vault, wanted: str, folder: str | None = None, name: str | None = None, now: datetime | None = None
) -> Listing:
    """The backup that the options name.

    Only that backup is looked at and, for `latest`, those that were begun after it.

    Args:
        vault: The vault.
        wanted: Its id; the beginning or the random end of its id, if no other id has it; one of these after its source
            and a slash; or `latest`, the newest backup that was committed, be it broken now or not. A backup that was
            begun in the future is named in a warning and is not the latest.
        folder: The folder's name of its source, if it must be of one.
        name: The name that it was given, if it must have one.
        now: The time; the clock's if None.

    Raises:
        NotFoundError: if none matches.
        UsageError: if several do.
    """
    named, slash, backup = wanted.rpartition("/")
    if slash and folder not in (None, named):
        raise UsageError(f"--backup={wanted} is not of --source={folder}. Give one of the two.")
    folder = named if slash else folder
    if backup == LATEST:
        return _latest(vault, folder, name, now or datetime.now(timezone.utc))
    return _require_name(look(vault, _named(vault, backup, folder)), name)


def _require_name(listing: Listing, name: str | None) -> Listing:
    if not _has_name(listing, name):
        given = listing.intent.name if listing.intent else ""
        has = f"the name {given!r}" if given else "no name"
        raise NotFoundError(f"--name={name}: backup {listing.backup} of {listing.folder} has {has}. Leave out --name.")
    return listing


def _has_name(listing: Listing, name: str | None) -> bool:
    return name is None or (listing.intent is not None and listing.intent.name == name)


def _named(vault: Vault, wanted: str, folder: str | None) -> Address:
    matches = [address for address in all_addresses(vault, folder) if wanted and _is_meant(address[1], wanted)]
    exact = [address for address in matches if address[1] == wanted] or matches
    if not exact:
        raise NotFoundError(f"--backup={wanted}: no backup of {vault.location} has this id; see `shardkeep list`.")
    if len(exact) > 1:
        found = ", ".join("/".join(address) for address in sorted(exact, key=lambda address: address[1]))
        raise UsageError(f"--backup={wanted} means several backups: {found}. Give more of the id, or --source.")
    return exact[0]


def _is_meant(backup: str, wanted: str) -> bool:
    return backup.startswith(wanted) or backup.partition("-")[2] == wanted


def _latest(vault: Vault, folder: str | None, name: str | None, now: datetime) -> Listing:
    found = map_ahead(partial(_newest, vault, name, now), sources_of(vault, folder), LOOKS)
    newest, ahead = [], []
    for entry, passed in found:
        newest += [entry] if entry else []
        ahead += sorted(passed)
    warn_of_ahead(ahead, now)
    if not newest:
        named = f" with --name={name}" if name else ""
        only = f" but those of the future: {', '.join(ahead)}. Name one of them with --backup" if ahead else ""
        raise NotFoundError(f"--backup=latest: {vault.location} has no committed backup{named}{only}.")
    if len(newest) > 1:
        sources = ", ".join(entry.folder for entry in newest)
        raise UsageError(f"--backup=latest: the vault has several sources. Give --source, one of: {sources}.")
    return newest[0]


def _newest(vault: Vault, name: str | None, now: datetime, folder: str) -> tuple[Listing | None, list[str]]:
    """The newest committed backup of a source, and the ids of backups of the future that were passed over.

    If several were begun in one second, their intents decide.
    """
    addresses = sorted(addresses_of(vault, folder), key=second_of, reverse=True)
    ahead: list[str] = []
    for _, begun in groupby(addresses, second_of):
        looked = [entry for address in begun if _counts(entry := look(vault, address), name)]
        if looked and not is_ahead(looked[0].backup, now):
            return max(looked, key=lambda listing: listing.order), ahead
        ahead += [entry.backup for entry in looked]
    return None, ahead


def _counts(listing: Listing, name: str | None) -> bool:
    if listing.state == BROKEN and listing.intent is None:  # its name is not known, so it is not skipped
        return True
    return listing.state in (COMMITTED, BROKEN) and _has_name(listing, name)


def usable(listing: Listing) -> Manifest:
    """The manifest of a backup that may be restored.

    Raises:
        IntegrityError: if it is broken.
        RefusedError: if it was never committed, or is being deleted.
    """
    if listing.manifest is not None:
        return listing.manifest
    if listing.state == BROKEN:
        raise IntegrityError(listing.problem)
    reason = "is being deleted" if listing.state == DELETING else "has no manifest: it was never finished"
    raise RefusedError(f"Backup {listing.backup} of {listing.folder} {reason} (state {listing.state}). Choose another.")
