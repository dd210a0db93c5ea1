"""The intent: the first object of a backup, written once by `main` before the job."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from transforms.errors import IntegrityError
from transforms.identity import Identity, Table
from transforms.vault.sealed_json import seal, unseal

FORMAT = 1
"""Version of the vault's format, `docs/vault.md`."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a backup set out to do.

    Attributes:
        vault: Id of the vault.
        backup: Id of the backup: UTC time, then random characters.
        run: Random id of the run that took it.
        created: When the plan was made, RFC 3339, UTC.
        source: Whom it reads.
        consistency: What it promises.
        label: A person's name for it, or "".
        options: The options that shape its content.
        tables: The selected tables.
        tool: Name and version of what wrote it.
    """

    vault: str
    backup: str
    run: str
    created: str
    source: Identity
    consistency: str
    label: str
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
                "label": self.label,
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
        value = unseal(data, name)
        if value.get("format") != FORMAT:
            raise IntegrityError(f"{name} has format {value.get('format')}; this version reads format {FORMAT}.")
        try:
            return cls.from_json(value, tuple(Table.from_json(table) for table in value["tables"]))
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"{name} lacks or misstates a field: {error!r}.") from error

    @classmethod
    def from_json(cls, value: dict[str, Any], tables: tuple[Table, ...]) -> "Intent":
        """The intent in a JSON object, its own or a manifest; raises TypeError for a value of a wrong type."""
        texts = {name: value[name] for name in ("vault", "backup", "run", "created", "consistency", "label", "tool")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise TypeError(f"one of {', '.join(texts)} is no text")
        if not isinstance(value["options"], dict):
            raise TypeError("options is no object")
        return cls(source=Identity.from_json(value["source"]), tables=tables, options=value["options"], **texts)


def new_backup_id(now: datetime) -> str:
    """A backup's id: sortable UTC time to the second and six random hexadecimal characters."""
    return f"{begin_of_id(now)}-{secrets.token_hex(3)}"


def begin_of_id(moment: datetime) -> str:
    """How the ids of backups begin that are begun in the second of a moment; they sort by time."""
    return f"{moment.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
