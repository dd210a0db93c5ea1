"""Which backup of a vault a person means."""

from functools import partial
from itertools import groupby

from transforms.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from transforms.map_ahead import map_ahead
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
from transforms.vault.manifest import Manifest
from transforms.vault.vault import Vault

LATEST = "latest"


def find_backup(vault: Vault, wanted: str, source: str | None = None) -> Listing:
    """The backup that an id, a unique prefix of one, or `latest` means.

    `latest` is the newest backup that was committed, be it broken now or not. No other backup is looked at than the
    one that is found, and for `latest` those that were begun after it.

    Raises:
        NotFoundError: if none matches.
        UsageError: if several do.
    """
    return _latest(vault, source) if wanted == LATEST else look(vault, _named(vault, wanted, source))


def _named(vault: Vault, wanted: str, source: str | None) -> Place:
    matches = [place for place in all_places(vault, source) if wanted and place[1].startswith(wanted)]
    exact = [place for place in matches if place[1] == wanted] or matches
    if not exact:
        raise NotFoundError(f"--backup={wanted}: no backup of {vault.place} has this id. `shardkeep list` shows all.")
    if len(exact) > 1:
        found = ", ".join("/".join(place) for place in sorted(exact, key=lambda place: place[1]))
        raise UsageError(f"--backup={wanted} means several backups: {found}. Give more of the id, or --source.")
    return exact[0]


def _latest(vault: Vault, source: str | None) -> Listing:
    found = [entry for entry in map_ahead(partial(_newest, vault), sources_of(vault, source), LOOKS) if entry]
    if not found:
        raise NotFoundError(f"--backup=latest: {vault.place} has no committed backup.")
    if len(found) > 1:
        sources = ", ".join(entry.source for entry in found)
        raise UsageError(f"--backup=latest: the vault has several sources. Give --source, one of: {sources}.")
    return found[0]


def _newest(vault: Vault, source: str) -> Listing | None:
    """The newest backup of a source that was committed; where two were begun in one second, their intents decide."""
    places = sorted(places_of(vault, source), key=second_of, reverse=True)
    for _, begun in groupby(places, second_of):
        committed = [entry for place in begun if (entry := look(vault, place)).state in (COMMITTED, BROKEN)]
        if committed:
            return max(committed, key=lambda listing: listing.order)
    return None


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
