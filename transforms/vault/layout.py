"""Where everything lies in a vault. Names below a source's folder are what references hold."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

VAULT = "VAULT.json"
INTENT = "INTENT.json"
MANIFEST = "MANIFEST.json"
TOMBSTONE = "TOMBSTONE.json"

LONGEST_IDENTIFIER = 180
"""Characters of an encoded identifier, the name of a folder: file systems take 255."""


def encode_part(part: str) -> str:
    """A part of an identifier as part of a name: all but letters, digits, `-`, `_` and `.` percent-encoded.

    A leading dot is encoded too, so that no part is hidden or names a parent folder. Lone surrogates are bytes that are
    not UTF-8 (PEP 383).
    """
    encoded = quote(part, safe="", errors="surrogateescape").replace("~", "%7E")
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def encode_parts(parts: Sequence[str]) -> str:
    """An identifier of several parts, `+` between them (which no encoded part holds).

    One that is too long for the name of a file is cut, and ends in `~` (which no encoded part holds either) and the
    first half of the whole one's SHA-256 in hexadecimal.
    """
    whole = "+".join(encode_part(part) for part in parts)
    if len(whole) <= LONGEST_IDENTIFIER:
        return whole
    digest = hashlib.sha256(whole.encode("ascii")).hexdigest()[:32]
    return f"{whole[: LONGEST_IDENTIFIER - 33]}~{digest}"


@dataclass(frozen=True, slots=True)
class BackupLayout:
    """Names of a backup's objects, relative to its source's folder; `table` is an encoded identifier."""

    backup: str

    @property
    def intent(self) -> str:
        """The first object."""
        return f"{self.backup}/{INTENT}"

    @property
    def manifest(self) -> str:
        """The commit."""
        return f"{self.backup}/{MANIFEST}"

    @property
    def tombstone(self) -> str:
        """What marks a backup that is being deleted."""
        return f"{self.backup}/{TOMBSTONE}"

    @property
    def notes(self) -> str:
        """The prefix of all notes."""
        return f"{self.backup}/notes/"

    def failure(self, note: str) -> str:
        """A note that the backup failed; `note` is made of eight hexadecimal digits."""
        return f"{self.notes}failure-{note}.json"

    def plan(self, number: int) -> str:
        """The planned ranges of neighbouring tables."""
        return f"{self.backup}/plan/{number:06d}.avro"

    def shard(self, table: str, number: int, unique: str) -> str:
        """The shard of a planned range, with the random characters of one attempt at it."""
        return f"{self.backup}/data/{table}/{number:06d}-{unique}.avro"

    def receipt(self, plan: int, portion: int, unique: str) -> str:
        """The receipt of a portion of a plan, with the random characters of one attempt at it."""
        return f"{self.backup}/receipts/{plan:06d}-{portion:06d}-{unique}.avro"

    def attachment(self, name: str, digest: bytes) -> str:
        """An attachment, named by its content; `name` is made of letters, digits, `-`, `_` and `.`."""
        return f"{self.backup}/attachments/{digest.hex()[:32]}-{name}"

    def index(self, plan: int, number: int, digest: bytes) -> str:
        """An index file of a plan, named by its content."""
        return f"{self.backup}/index/{plan:06d}-{number:06d}-{digest.hex()[:32]}.avro"
