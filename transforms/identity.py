"""The identity of a source or target, and of its tables."""

from dataclasses import dataclass
from typing import Any

from transforms.folder_name import encode_parts
from transforms.json_fields import Fields


@dataclass(frozen=True, slots=True)
class Identity:
    """A database: its room and the named parts of its address, in order."""

    room: str
    parts: tuple[tuple[str, str], ...]

    @property
    def folder(self) -> str:
        """The name of this source's folder in a vault."""
        return encode_parts([self.room, *(value for _, value in self.parts)])

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"room": self.room, "parts": [list(part) for part in self.parts]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Identity":
        """The inverse of `to_json`.

        Raises:
            ValueError: if a field has another form, or no folder can have such a name.
        """
        fields = Fields.of(data, "source")
        pairs = [Fields({"parts": pair}).texts("parts") for pair in fields.array("parts")]
        identity = cls(fields.text("room"), tuple((name, value) for name, value in pairs))
        _require_name(identity.folder, (identity.room, *(value for _, value in pairs)))
        return identity

    def __str__(self) -> str:
        """The identity for people."""
        return f"{self.room} " + " ".join(f"{name}={value}" for name, value in self.parts)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a source as it was when the backup was planned.

    Attributes:
        parts: The parts of its identifier.
        schema: The room's own description, a JSON object: everything that a restore needs to create the table.
        avro_schema: The schema of its records, JSON text.
        warnings: What a user should know about a backup of it.
    """

    parts: tuple[str, ...]
    schema: dict[str, Any]
    avro_schema: str
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The identifier for people and options."""
        return ".".join(self.parts)

    @property
    def folder(self) -> str:
        """The identifier in names of objects."""
        return encode_parts(self.parts)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "parts": list(self.parts),
            "schema": self.schema,
            "avro_schema": self.avro_schema,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Table":
        """The inverse of `to_json`; other keys are ignored.

        Raises:
            ValueError: if a field has another form, or no object can have such a name.
        """
        fields = Fields.of(data, "table")
        schema = dict(fields.object("schema").value)
        table = cls(fields.texts("parts"), schema, fields.text("avro_schema"), fields.texts("warnings"))
        _require_name(table.folder, table.parts)
        return table


def _require_name(folder: str, parts: tuple[str, ...]) -> None:
    """Check that the parts of an identifier can be names: not empty, and without NUL."""
    if not folder or not all(parts) or any("\0" in part for part in parts):
        raise ValueError(f"{parts!r:.200} is no identifier")
