"""Failure notes: a failed backup leaves one, so that it is not taken for a running one."""

import hashlib
import logging

from transforms.errors import ShardkeepError
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.sealed_json import seal, unseal
from transforms.vault.store.interface import Store, put_once

MOST_CHARACTERS = 2000
"""Most characters of a message."""

_LARGEST = 1 << 20
"""Most bytes of a note; a larger one is not ours and is cut, so that its seal does not fit."""

_LOG = logging.getLogger("shardkeep")


def note_failure(store: Store, layout: BackupLayout, error: BaseException) -> None:
    """Note that an attempt at a part of the backup has failed; the same failure leaves the same note.

    A note is only information: an engine may try again, and a manifest has precedence. If it cannot be written, that is
    only logged: the failure itself, which the caller raises, matters more.
    """
    data = seal({"error": type(error).__name__, "message": str(error)[:MOST_CHARACTERS]})
    try:
        put_once(store, layout.failure(hashlib.sha256(data).hexdigest()[:8]), data)
    except Exception as second:
        _LOG.warning("the failure could not be noted in the vault: %s", second)


def read_failures(store: Store, layout: BackupLayout) -> list[str] | None:
    """Why attempts at a backup failed, a text for each note that can be read; None if there is no note."""
    names = list(store.list(f"{layout.notes}failure"))
    return [text for name in names if (text := _read(store, name))] if names else None


def _read(store: Store, name: str) -> str | None:
    """The text of a note; None if it cannot be read, since it is only information."""
    try:
        value = unseal(store.read(name, 0, _LARGEST), name)
    except ShardkeepError:
        return None
    said = str(value.get("message", ""))[:MOST_CHARACTERS]
    return said or str(value.get("error", ""))[:MOST_CHARACTERS] or None
