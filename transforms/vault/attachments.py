"""What belongs to a backup beside its rows: objects that its manifest names."""

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.errors import IntegrityError, NotFoundError
from transforms.vault.layout import BackupLayout
from transforms.vault.object_ref import ObjectRef, refer
from transforms.vault.store import Store, put_once


@dataclass(frozen=True, slots=True)
class Attachments:
    """The attachments of a backup by their names; `store` is the source's folder."""

    store: Store
    refs: Mapping[str, ObjectRef]

    def read(self, name: str) -> bytes:
        """The bytes of an attachment, proved by their digests.

        Raises:
            NotFoundError: if the backup has none of this name, or its object is missing.
            IntegrityError: if its bytes are not those that were written.
        """
        if name not in self.refs:
            raise NotFoundError(f"the backup has no attachment {name}. Choose a backup of this kind of source.")
        ref = self.refs[name]
        data = self.store.read(ref.name)
        if refer(ref.name, data) != ref:
            raise IntegrityError(f"{ref.name}: the attachment is not the one that the manifest names.")
        return data


def attach(store: Store, layout: BackupLayout, contents: Mapping[str, bytes]) -> dict[str, ObjectRef]:
    """Write the attachments of a backup, each named by its content: a second try may write others beside them."""
    refs = {}
    for name, data in sorted(contents.items()):
        ref = refer(layout.attachment(name, refer("", data).sha256), data)
        put_once(store, ref.name, data)
        refs[name] = ref
    return refs
