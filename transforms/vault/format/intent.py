"""The intent: the first object of a backup, written once by `main` before the job."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from transforms.errors import IntegrityError
from transforms.identity import Identity, Table
from transforms.json_fields import Fields, blamed_on
from transforms.vault.format.decoded import Decoded
from transforms.vault.format.layout import is_backup
from transforms.vault.format.sealed_json import seal, unseal

FORMAT = 1
"""Version of the vault's format, `docs/vault.md`."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a backup is to contain, and how.

    Attributes:
        vault: Id of the vault.
        backup: Id of the backup: UTC time, then random characters.
        run: Random id of the run that took it.
        created: When the plan was made, RFC 3339, UTC.
        source: The source.
        consistency: What it promises, a word of `docs/vault.md`.
        name: The name that the user gave it, or "".
        options: The options that shape its content.
        tables: The selected tables.
        tool: Name and version of the program that wrote it.
    """

    vault: str
    backup: str
    run: str
    created: str
    source: Identity
    consistency: str
    name: str
    options: dict[str, Any]
    tables: tuple[Table, ...]
    tool: str

    def encode(self) -> bytes:
        """The object's bytes."""
        return seal(
            {
                "format": FORMAT,
                "vault": self.vault,
                "backup": self.backup,
                "run": self.run,
                "created": self.created,
                "source": self.source.to_json(),
                "consistency": self.consistency,
                "name": self.name,
                "options": self.options,
                "tables": [table.to_json() for table in self.tables],
                "tool": self.tool,
            }
        )

    @classmethod
    def decode(cls, data: bytes, name: str) -> "Intent":
        """The inverse of `encode`.

        Raises:
            IntegrityError: if the object is corrupt, or of an unknown format.
        """
        return _INTENTS.value(data, lambda: cls._decode(data, name))

    @classmethod
    def _decode(cls, data: bytes, name: str) -> "Intent":
        value = unseal(data, name)
        require_format(value, name)
        with blamed_on(name):
            tables = tuple(Table.from_json(table) for table in Fields(value).array("tables"))
            return cls.from_json(value, tables)

    @classmethod
    def from_json(cls, value: dict[str, Any], tables: tuple[Table, ...]) -> "Intent":
        """The intent in a JSON object, an intent or a manifest; raises ValueError for a field of another form."""
        fields, names = Fields(value), ("vault", "backup", "run", "created", "consistency", "name", "tool")
        texts = {name: fields.text(name) for name in names}
        if not is_backup(texts["backup"]):
            raise ValueError(f"{texts['backup']!r:.200} is no id of a backup")
        _require_moment(texts["created"])
        options = dict(fields.object("options").value)
        return cls(source=Identity.from_json(fields.field("source")), tables=tables, options=options, **texts)


_INTENTS = Decoded[Intent](most=2)


def require_format(value: dict[str, Any], name: str) -> None:
    """Refuse an object of another format.

    Raises:
        IntegrityError: if this version does not know the format.
    """
    found = value.get("format")
    if type(found) is not int or found != FORMAT:
        raise IntegrityError(
            f"{name} has format {found!s:.20}; this version reads format {FORMAT}. Use a newer Shardkeep."
        )


def _require_moment(text: str) -> None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text, re.ASCII):
        raise ValueError(f"created is no time: {text!r:.60}")
    datetime.fromisoformat(text)  # raises ValueError for a 31st of February


def new_backup_id(now: datetime) -> str:
    """A backup's id: sortable UTC time to the second and six random hexadecimal characters."""
    return f"{begin_of_id(now)}-{secrets.token_hex(3)}"


def begin_of_id(moment: datetime) -> str:
    """The beginning of the ids of backups that are begun in the second of `moment`; they sort by time."""
    return f"{moment.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
