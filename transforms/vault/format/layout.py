"""The names of all objects in a vault. References hold names relative to the source's folder."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone

VAULT = "VAULT.json"
INTENT = "INTENT.json"
MANIFEST = "MANIFEST.json"
TOMBSTONE = "TOMBSTONE.json"


SOURCE_FORM = r"[A-Za-z0-9_%+-][A-Za-z0-9_.%+~-]{0,179}"
TABLE_FORM = SOURCE_FORM
BACKUP_FORM = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
_NUMBER, _RANDOM, _DIGEST = "[0-9]{6,18}", "[0-9a-f]{16}", "[0-9a-f]{32}"
FORMS = {
    "intent": INTENT.replace(".", r"\."),
    "plan": rf"plan/{_NUMBER}\.avro",
    "shard": rf"data/{TABLE_FORM}/{_NUMBER}-{_RANDOM}\.avro",
    "receipt": rf"receipts/{_NUMBER}-{_NUMBER}-{_RANDOM}\.avro",
    "index file": rf"index/{_NUMBER}-{_NUMBER}-{_DIGEST}\.avro",
    "attachment": rf"attachments/{_DIGEST}-[A-Za-z0-9_.-]{{1,180}}",
}
"""The form of the names of each kind of object, below a backup's folder (`docs/vault.md`, Layout)."""


def check_name(kind: str, name: str, backup: str | None = None) -> str:
    """The name of an object in a document, if it has the form of its kind in `FORMS`.

    Args:
        kind: The kind of object.
        name: The name, relative to the source's folder.
        backup: The backup that it must belong to; None for any backup of the source.

    Raises:
        ValueError: if it is of another form.
    """
    whose, _, rest = name.partition("/")
    is_whose = whose == backup if backup else re.fullmatch(BACKUP_FORM, whose, re.ASCII)
    if not is_whose or not re.fullmatch(FORMS[kind], rest, re.ASCII):  # `re` caches these patterns
        raise ValueError(
            f"{name[:200]!r} is no name of an object of the kind {kind}{f' of {backup}' if backup else ''}"
        )
    return name


def is_backup(name: str) -> bool:
    """Whether a folder's name is the id of a backup: a time and random digits."""
    return re.fullmatch(BACKUP_FORM, name, re.ASCII) is not None and begun_at(name) is not None


def begun_at(backup: str) -> datetime | None:
    """When a backup was begun, to the second, by its id; None if the id does not begin with a time."""
    time = re.match(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-", backup, re.ASCII)  # strptime takes 20 times as long
    try:
        year, month, day, hour, minute, second = map(int, time.groups() if time else ())
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None


def is_source(name: str) -> bool:
    """Whether a folder's name can be that of a source."""
    return re.fullmatch(SOURCE_FORM, name, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class BackupLayout:
    """Names of a backup's objects, relative to its source's folder; `table` is an encoded identifier."""

    backup: str

    @property
    def intent(self) -> str:
        """The intent, the first object."""
        return f"{self.backup}/{INTENT}"

    @property
    def manifest(self) -> str:
        """The manifest, the last object."""
        return f"{self.backup}/{MANIFEST}"

    @property
    def tombstone(self) -> str:
        """The object that marks a backup that is being deleted."""
        return f"{self.backup}/{TOMBSTONE}"

    @property
    def shards(self) -> str:
        """The prefix of all shards."""
        return f"{self.backup}/data/"

    @property
    def index_files(self) -> str:
        """The prefix of all index files."""
        return f"{self.backup}/index/"

    @property
    def notes(self) -> str:
        """The prefix of all notes."""
        return f"{self.backup}/notes/"

    def failure(self, note: str) -> str:
        """A failure note; `note` is made of eight hexadecimal digits."""
        return f"{self.notes}failure-{note}.json"

    def plan(self, number: int) -> str:
        """The planned ranges of neighbouring tables."""
        return f"{self.backup}/plan/{number:06d}.avro"

    def shard(self, table: str, number: int, unique: str) -> str:
        """The shard of a planned range, with the random characters of one attempt at it."""
        return f"{self.shards}{table}/{number:06d}-{unique}.avro"

    def receipt(self, plan: int, portion: int, unique: str) -> str:
        """The receipt of a portion of a plan, with the random characters of one attempt at it."""
        return f"{self.backup}/receipts/{plan:06d}-{portion:06d}-{unique}.avro"

    def attachment(self, name: str, digest: bytes) -> str:
        """An attachment, named by its content; `name` consists of letters, digits, `-`, `_` and `.`."""
        return f"{self.backup}/attachments/{digest.hex()[:32]}-{name}"

    def index(self, plan: int, number: int, digest: bytes) -> str:
        """An index file of a plan, named by its content."""
        return f"{self.index_files}{plan:06d}-{number:06d}-{digest.hex()[:32]}.avro"
