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
    Listing,
    Place,
    all_places,
    look,
    places_of,
    second_of,
    sources_of,
)
from transforms.vault.format.manifest import Manifest
from transforms.vault.vault import Vault

LATEST = "latest"


def find_backup(
    vault: Vault, wanted: str, source: str | None = None, name: str | None = None, now: datetime | None = None
) -> Listing:
    """The backup that the options name.

    Only that backup is looked at and, for `latest`, those that were begun after it.

    Args:
        vault: The vault.
        wanted: Its id; the beginning or the random end of its id, if no other id has it; one of these after its source
            and a slash; or `latest`, the newest backup that was committed, be it broken now or not. A backup that was
            begun in the future is named in a warning and is not the latest.
        source: The folder's name of its source, if it must be of one.
        name: The name that it was given, if it must have one.
        now: The time; the clock's if None.

    Raises:
        NotFoundError: if none matches.
        UsageError: if several do.
    """
    folder, slash, backup = wanted.rpartition("/")
    if slash and source not in (None, folder):
        raise UsageError(f"--backup={wanted} is not of --source={source}. Give one of the two.")
    source = folder if slash else source
    if backup == LATEST:
        return _latest(vault, source, name, now or datetime.now(timezone.utc))
    return _require_name(look(vault, _named(vault, backup, source)), name)


def _require_name(listing: Listing, name: str | None) -> Listing:
    if not _has_name(listing, name):
        label = listing.intent.label if listing.intent else ""
        has = f"the name {label!r}" if label else "no name"
        raise NotFoundError(f"--name={name}: backup {listing.backup} of {listing.source} has {has}. Leave out --name.")
    return listing


def _has_name(listing: Listing, name: str | None) -> bool:
    return name is None or (listing.intent is not None and listing.intent.label == name)


def _named(vault: Vault, wanted: str, source: str | None) -> Place:
    matches = [place for place in all_places(vault, source) if wanted and _is_meant(place[1], wanted)]
    exact = [place for place in matches if place[1] == wanted] or matches
    if not exact:
        raise NotFoundError(f"--backup={wanted}: no backup of {vault.place} has this id. `shardkeep list` shows all.")
    if len(exact) > 1:
        found = ", ".join("/".join(place) for place in sorted(exact, key=lambda place: place[1]))
        raise UsageError(f"--backup={wanted} means several backups: {found}. Give more of the id, or --source.")
    return exact[0]


def _is_meant(backup: str, wanted: str) -> bool:
    return backup.startswith(wanted) or backup.partition("-")[2] == wanted


def _latest(vault: Vault, source: str | None, name: str | None, now: datetime) -> Listing:
    found = map_ahead(partial(_newest, vault, name, now), sources_of(vault, source), LOOKS)
    newest, ahead = [], []
    for entry, passed in found:
        newest += [entry] if entry else []
        ahead += sorted(passed)
    warn_of_ahead(ahead, now)
    if not newest:
        named = f" with --name={name}" if name else ""
        only = f" but those of the future: {', '.join(ahead)}. Name one of them with --backup" if ahead else ""
        raise NotFoundError(f"--backup=latest: {vault.place} has no committed backup{named}{only}.")
    if len(newest) > 1:
        sources = ", ".join(entry.source for entry in newest)
        raise UsageError(f"--backup=latest: the vault has several sources. Give --source, one of: {sources}.")
    return newest[0]


def _newest(vault: Vault, name: str | None, now: datetime, source: str) -> tuple[Listing | None, list[str]]:
    """The newest committed backup of a source, and the ids of backups of the future that were passed over.

    If several were begun in one second, their intents decide.
    """
    places = sorted(places_of(vault, source), key=second_of, reverse=True)
    ahead: list[str] = []
    for _, begun in groupby(places, second_of):
        looked = [entry for place in begun if _counts(entry := look(vault, place), name)]
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
    raise RefusedError(f"Backup {listing.backup} of {listing.source} {reason} (state {listing.state}). Choose another.")
