"""Failure notes: what a backup that failed leaves, so that it is not taken for one that is running."""

import hashlib
import logging

from transforms.vault.layout import BackupLayout
from transforms.vault.sealed_json import seal
from transforms.vault.store import Store, put_once

MOST_CHARACTERS = 2000
"""Of a message."""

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
