"""Attachments: objects of a backup beside its rows, named by the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.errors import NotFoundError, RefusedError
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.object_ref import ObjectRef, read_proved, refer
from transforms.vault.store.interface import Store, put_once

LARGEST_ATTACHMENT = 1 << 30
"""Most bytes of an attachment: readers load one into memory whole."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """The attachments of a backup, by name; `store` is the source's folder."""

    store: Store
    refs: Mapping[str, ObjectRef]

    def read(self, name: str) -> bytes:
        """The bytes of an attachment, checked against its digests.

        Raises:
            NotFoundError: if the backup has none of this name, or its object is missing.
            IntegrityError: if its bytes are not as they were written.
        """
        if name not in self.refs:
            raise NotFoundError(f"the backup has no attachment {name}. Choose a backup of this kind of source.")
        return read_proved(self.store, self.refs[name], "attachment", LARGEST_ATTACHMENT)


def attach(store: Store, layout: BackupLayout, contents: Mapping[str, bytes]) -> dict[str, ObjectRef]:
    """Write the attachments of a backup, each named by its content: a second attempt may write others beside them.

    Raises:
        RefusedError: if one is larger than a reader accepts.
    """
    refs = {}
    for name, data in sorted(contents.items()):
        if len(data) > LARGEST_ATTACHMENT:
            raise RefusedError(f"attachment {name}: {len(data):,} bytes; a vault takes {LARGEST_ATTACHMENT:,} at most.")
        ref = refer(layout.attachment(name, refer("", data).sha256), data)
        put_once(store, ref.name, data)
        refs[name] = ref
    return refs
