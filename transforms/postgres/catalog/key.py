"""The key by which a table is read and cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.postgres.catalog.json_fields import INT2, SqlFields


@dataclass(frozen=True, slots=True)
class Key:
    """A unique index that orders all rows.

    Attributes:
        index: Its exact name; it is in the table's schema.
        places: The places of its columns in the table's records.
        operators: The schema of the operators `<` and `>=` that its operator classes use.
    """

    index: str
    places: tuple[int, ...]
    operators: str = "pg_catalog"

    def to_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {"index": self.index, "places": list(self.places), "operators": self.operators}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Key":
        """The inverse of `to_json`; raises ValueError if `data` is not a key."""
        fields = SqlFields.of(data, "a key")
        places = fields.items("places", lambda place: SqlFields.of([place], "a key", ["place"]).integer("place", INT2))
        return cls(fields.text("index"), places, fields.name("operators"))
