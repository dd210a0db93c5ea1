"""References to stored objects, with size and checksums."""

import hashlib
from dataclasses import dataclass
from typing import Any

import google_crc32c

from transforms.errors import IntegrityError
from transforms.json_fields import Fields, whole
from transforms.vault.format.layout import check_name
from transforms.vault.store.interface import Store

_MOST_CRC32C = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A reference to an object in a source's folder; size and checksums are from before it was stored.

    Attributes:
        name: Name below the source's folder, beginning with the id of the backup that wrote it.
        size: Size in bytes.
        crc32c: CRC32C (Castagnoli) of all bytes, as an unsigned integer.
        sha256: SHA-256 of all bytes.
    """

    name: str
    size: int
    crc32c: int
    sha256: bytes

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, with digests in hexadecimal."""
        return {"name": self.name, "size": self.size, "crc32c": f"{self.crc32c:08x}", "sha256": self.sha256.hex()}

    @classmethod
    def from_json(cls, data: Fields, kind: str, backup: str | None = None) -> "ObjectRef":
        """The inverse of `to_json`; `kind` and `backup` are those of `layout.check_name`.

        Raises:
            ValueError: if a field is of another form.
        """
        crc32c, sha256 = int(data.digits("crc32c", 8), 16), bytes.fromhex(data.digits("sha256", 64))
        return cls(check_name(kind, data.text("name"), backup), data.number("size"), crc32c, sha256)

    @classmethod
    def from_record(cls, record: dict[str, Any], kind: str) -> "ObjectRef":
        """The reference in an Avro record, to an object of any backup of the source; see `from_json`.

        Raises:
            ValueError: if its name is of another form, or a number out of its range.
        """
        size, crc32c = whole(record["size"], "size"), whole(record["crc32c"], "crc32c", _MOST_CRC32C)
        return cls(check_name(kind, record["name"]), size, crc32c, record["sha256"])


class Tally:
    """Counts the size, CRC32C and SHA-256 of bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._crc32c = google_crc32c.Checksum()
        self._sha256 = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Add `data`."""
        self.size += len(data)
        self._crc32c.update(data)
        self._sha256.update(data)

    def ref(self, name: str) -> ObjectRef:
        """The reference to an object `name` that holds all bytes counted so far."""
        crc32c = int.from_bytes(self._crc32c.digest(), "big")
        return ObjectRef(name, self.size, crc32c, self._sha256.digest())


def read_proved(store: Store, ref: ObjectRef, kind: str, most: int) -> bytes:
    """All bytes of an object, checked against its reference.

    Args:
        store: The source's folder.
        ref: The reference.
        kind: What it is, for the message.
        most: Most bytes of an object of its kind.

    Raises:
        NotFoundError: if there is none.
        IntegrityError: if its bytes differ, or are more than `most`.
    """
    if ref.size > most:
        raise IntegrityError(f"{ref.name}: a vault holds no {kind} of {ref.size:,} bytes; {most:,} are the most.")
    data = store.read(ref.name, 0, ref.size + 1)  # one byte more, to see whether it is too long
    if refer(ref.name, data) != ref:
        raise IntegrityError(f"{ref.name}: the {kind} is not the one that was written. Verify the backup.")
    return data


def refer(name: str, data: bytes) -> ObjectRef:
    """The reference to an object `name` that holds `data`."""
    tally = Tally()
    tally.add(data)
    return tally.ref(name)
