"""The backups of a vault: their states, and which one a person means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from transforms.errors import IntegrityError, NotFoundError, RefusedError, ShardkeepError, UsageError
from transforms.vault.intent import Intent, begin_of_id
from transforms.vault.layout import BackupLayout
from transforms.vault.manifest import Manifest, decode_manifest
from transforms.vault.prefixed_store import PrefixedStore
from transforms.vault.vault import Vault

STARTED, FAILED, COMMITTED, BROKEN, DELETING = "STARTED", "FAILED", "COMMITTED", "BROKEN", "DELETING"
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Listing:
    """A backup as a vault lists it.

    Attributes:
        source: Name of the source's folder.
        backup: Its id.
        state: One of STARTED, FAILED, COMMITTED, BROKEN, DELETING.
        manifest: What it holds, if it is committed.
        intent: What it set out to do, as far as that can be read.
        problem: Why it is broken.
    """

    source: str
    backup: str
    state: str
    manifest: Manifest | None = None
    intent: Intent | None = None
    problem: str = ""

    @property
    def claim(self) -> Intent | None:
        """The intent, be it the manifest's or that of a backup without one."""
        return self.manifest.intent if self.manifest else self.intent

    @property
    def order(self) -> tuple[str, str, str]:
        """When it was made, for sorting; the id begins with the time to the second."""
        return (self.backup.partition("-")[0], self.claim.created if self.claim else "", self.backup)


def list_backups(vault: Vault, source: str | None = None) -> list[Listing]:
    """All backups of a vault or of one of its sources, oldest first.

    Raises:
        NotFoundError: if there is no such source.
    """
    listings = [listing for name in _sources(vault, source) for listing in _list_source(vault, name)]
    return sorted(listings, key=lambda listing: listing.order)


def require_newer(listings: Iterable[Listing], oldest: datetime) -> None:
    """Refuse backups of which none is good and was begun after a moment.

    Raises:
        NotFoundError: if there is none; with the newest good one.
    """
    good = [item.backup for item in listings if item.state == COMMITTED]
    newest = max(good, default="")
    if newest < begin_of_id(oldest):
        since = f"{oldest:%Y-%m-%d %H:%M} UTC"
        raise NotFoundError(f"no committed backup was begun since {since}; the newest one: {newest or 'none'}.")


def _sources(vault: Vault, source: str | None) -> list[str]:
    names = list(vault.sources())
    if source is None:
        return names
    if source not in names:
        raise NotFoundError(f"--source={source}: the vault has no such source. It has: {', '.join(names) or 'none'}.")
    return [source]


def _list_source(vault: Vault, source: str) -> Iterator[Listing]:
    folder = vault.folder(source)
    for backup in folder.folders(""):
        yield _look(vault, folder, source, backup)


def _look(vault: Vault, folder: PrefixedStore, source: str, backup: str) -> Listing:
    layout = BackupLayout(backup)
    evidence = ((layout.tombstone, DELETING), (layout.manifest, COMMITTED), (f"{layout.notes}failure", FAILED))
    state = next((state for prefix, state in evidence if any(True for _ in folder.list(prefix))), STARTED)
    if state == COMMITTED:
        return _look_at_manifest(vault, folder, source, backup)
    return Listing(source, backup, state, intent=_read_intent(folder, layout))


def _look_at_manifest(vault: Vault, folder: PrefixedStore, source: str, backup: str) -> Listing:
    try:
        return Listing(source, backup, COMMITTED, manifest=read_manifest(vault, folder, source, backup))
    except IntegrityError as error:
        intent = _read_intent(folder, BackupLayout(backup))
        return Listing(source, backup, BROKEN, intent=intent, problem=str(error))


def _read_intent(folder: PrefixedStore, layout: BackupLayout) -> Intent | None:
    try:
        return Intent.decode(folder.read(layout.intent), layout.intent)
    except ShardkeepError:  # it adds to the listing of an incomplete backup and decides nothing
        return None


def read_manifest(vault: Vault, folder: PrefixedStore, source: str, backup: str) -> Manifest:
    """The manifest of a backup, proved on its own and to be of this place.

    Raises:
        IntegrityError: if it is corrupt, or is another backup's, source's or vault's.
    """
    name = BackupLayout(backup).manifest
    manifest = decode_manifest(folder.read(name), f"{source}/{name}")
    intent = manifest.intent
    if (intent.vault, intent.source.folder, intent.backup) != (vault.id, source, backup):
        raise IntegrityError(
            f"{source}/{name} is the manifest of backup {intent.backup} of {intent.source} in vault {intent.vault}"
            f", not of this one (vault {vault.id}): it, or VAULT.json, was put here from elsewhere."
        )
    return manifest


def find_backup(vault: Vault, wanted: str, source: str | None = None) -> Listing:
    """The backup that an id, a unique prefix of one, or `latest` means.

    `latest` is the newest backup that was committed, be it broken now or not.

    Raises:
        NotFoundError: if none matches.
        UsageError: if several do.
    """
    listings = list_backups(vault, source)
    if wanted == LATEST:
        return _latest(vault, [entry for entry in listings if entry.state in (COMMITTED, BROKEN)])
    matches = [entry for entry in listings if wanted and entry.backup.startswith(wanted)]
    exact = [entry for entry in matches if entry.backup == wanted] or matches
    if not exact:
        raise NotFoundError(f"--backup={wanted}: no backup of {vault.place} has this id. `shardkeep list` shows all.")
    if len(exact) > 1:
        found = ", ".join(f"{entry.source}/{entry.backup}" for entry in exact)
        raise UsageError(f"--backup={wanted} means several backups: {found}. Give more of the id, or --source.")
    return exact[0]


def _latest(vault: Vault, committed: list[Listing]) -> Listing:
    if not committed:
        raise NotFoundError(f"--backup=latest: {vault.place} has no committed backup.")
    sources = sorted({entry.source for entry in committed})
    if len(sources) > 1:
        raise UsageError(
            f"--backup=latest: the vault has several sources. Give --source, one of: {', '.join(sources)}."
        )
    return committed[-1]


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
