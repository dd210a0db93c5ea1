"""Failure notes: what a backup that failed leaves, so that it is not taken for one that is running."""

import hashlib
import logging

from transforms.errors import ShardkeepError
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.sealed_json import seal, unseal
from transforms.vault.store.interface import Store, put_once

MOST_CHARACTERS = 2000
"""Of a message."""

_LARGEST = 1 << 20
"""Bytes of a note; a larger one is none of ours, and is cut, so that its seal shows it."""

_LOG = logging.getLogger("shardkeep")


def note_failure(store: Store, layout: BackupLayout, error: BaseException) -> None:
    """Note that a try at a part of the backup has failed; the same failure leaves the same note.

    A note decides nothing: an engine may try again, and a manifest counts more. That it cannot be written is
    logged, and matters less than the failure itself, which the caller raises.
    """
    data = seal({"error": type(error).__name__, "message": str(error)[:MOST_CHARACTERS]})
    try:
        put_once(store, layout.failure(hashlib.sha256(data).hexdigest()[:8]), data)
    except Exception as second:
        _LOG.warning("the failure could not be noted in the vault: %s", second)


def read_failures(store: Store, layout: BackupLayout) -> list[str] | None:
    """Why the tries at a backup failed, one text for each note that can be read; None if there is no note."""
    names = list(store.list(f"{layout.notes}failure"))
    return [text for name in names if (text := _read(store, name))] if names else None


def _read(store: Store, name: str) -> str | None:
    """What a note says; None if it cannot be read: it explains a failure and decides nothing."""
    try:
        value = unseal(store.read(name, 0, _LARGEST), name)
    except ShardkeepError:
        return None
    said = str(value.get("message", ""))[:MOST_CHARACTERS]
    return said or str(value.get("error", ""))[:MOST_CHARACTERS] or None
