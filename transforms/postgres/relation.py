"""A table whose rows are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.postgres.column import Column, Form
from transforms.postgres.identifiers import Name
from transforms.postgres.key import Key

# The key space of rows in physical order: KeyRange.space, and what `Relation.order` says.
CTID = "ctid"
KEY = "key"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table with rows of its own: an ordinary table, a partition without partitions, an inheriting table.

    Attributes:
        oid: Its oid in `pg_class`.
        name: Its name.
        columns: The columns of its records, in their order; a table without any has one of the form PRESENCE.
        persistence: `"p"` (permanent) or `"u"` (unlogged).
        access_method: `"heap"`, or that of an extension.
        partition_root: The uppermost table that it is a partition of, or None.
        hash_partitioned: Whether a table above it is partitioned by hash.
        parents: The tables that it inherits from directly, a partitioned one included, in their order.
        key: The key of all usable ones that suits best, or None.
        order: In which order it is read: `"key"`, or `"ctid"`: as the rows lie in the table's file.
        is_divisible: Whether it may be cut into several ranges.
        where: The condition that selects its rows: a user's, or an extension's for a table of its own; may be empty.
        text_is_bytes: Whether the database is of the encoding SQL_ASCII: then texts are Avro bytes.
        pages: Blocks in its file when the catalog was read; not in the manifest, like the next three.
        bytes: Size of it with its TOAST table.
        rows_estimate: What the server guesses; -1 if it was never analyzed.
        correlation: Of the key's first column with the order of rows in the file, -1 to 1; None if not known.
    """

    oid: int
    name: Name
    columns: tuple[Column, ...]
    persistence: str = "p"
    access_method: str = "heap"
    partition_root: Name | None = None
    hash_partitioned: bool = False
    parents: tuple[Name, ...] = ()
    key: Key | None = None
    order: str = CTID
    is_divisible: bool = False
    where: str = ""
    text_is_bytes: bool = False
    pages: int = 0
    bytes: int = 0
    rows_estimate: float = -1.0
    correlation: float | None = None

    @property
    def space(self) -> str:
        """The key space of its rows: unnamed by key, `ctid` in physical order."""
        return "" if self.order == KEY else CTID

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the key, if it is read by key."""
        return tuple(self.columns[place] for place in self.key.places) if self.key and self.order == KEY else ()

    @property
    def copied(self) -> tuple[Column, ...]:
        """The columns that have a field in COPY."""
        return tuple(column for column in self.columns if column.form is not Form.PRESENCE)

    def schema_json(self) -> dict[str, Any]:
        """What the manifest holds of it."""
        return {
            "kind": "table",
            "schema": self.name.schema,
            "name": self.name.name,
            "oid": self.oid,
            "columns": [column.to_json() for column in self.columns],
            "persistence": self.persistence,
            "access_method": self.access_method,
            "partition_root": _parts(self.partition_root) if self.partition_root else None,
            "hash_partitioned": self.hash_partitioned,
            "parents": [_parts(parent) for parent in self.parents],
            "key": self.key.to_json() if self.key else None,
            "order": self.order,
            "is_divisible": self.is_divisible,
            "where": self.where,
            "text_is_bytes": self.text_is_bytes,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Relation":
        """The relation of which `schema_json` made `data`, without sizes and estimates."""
        return cls(
            oid=data["oid"],
            name=Name(data["schema"], data["name"]),
            columns=tuple(map(Column.from_json, data["columns"])),
            persistence=data["persistence"],
            access_method=data["access_method"],
            partition_root=Name(*data["partition_root"]) if data["partition_root"] else None,
            hash_partitioned=data["hash_partitioned"],
            parents=tuple(Name(*parent) for parent in data["parents"]),
            key=Key.from_json(data["key"]) if data["key"] else None,
            order=data["order"],
            is_divisible=data["is_divisible"],
            where=data["where"],
            text_is_bytes=data["text_is_bytes"],
        )


def _parts(name: Name) -> list[str]:
    return [name.schema, name.name]
