"""References to stored objects, with what proves their bytes."""

import hashlib
from dataclasses import dataclass
from typing import Any

import google_crc32c


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object of a source's folder and its bytes' proofs, taken before they were stored.

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
        """As it stands in JSON objects: digests in hexadecimal."""
        return {"name": self.name, "size": self.size, "crc32c": f"{self.crc32c:08x}", "sha256": self.sha256.hex()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ObjectRef":
        """The inverse of `to_json`."""
        return cls(data["name"], data["size"], int(data["crc32c"], 16), bytes.fromhex(data["sha256"]))


class Tally:
    """Size, CRC32C and SHA-256 of bytes that pass by."""

    def __init__(self) -> None:
        self.size = 0
        self._crc32c = google_crc32c.Checksum()
        self._sha256 = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Count `data` in."""
        self.size += len(data)
        self._crc32c.update(data)
        self._sha256.update(data)

    def ref(self, name: str) -> ObjectRef:
        """The reference to an object `name` that holds all bytes counted so far."""
        crc32c = int.from_bytes(self._crc32c.digest(), "big")
        return ObjectRef(name, self.size, crc32c, self._sha256.digest())


def refer(name: str, data: bytes) -> ObjectRef:
    """The reference to an object `name` that holds `data`."""
    tally = Tally()
    tally.add(data)
    return tally.ref(name)
