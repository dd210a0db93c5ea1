"""A table whose rows are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.postgres.catalog.json_fields import OID, SqlFields, text_of
from transforms.postgres.catalog.key import Key
from transforms.postgres.codec.column import Column, Form
from transforms.postgres.names.identifiers import Name

# The key space of rows in physical order: KeyRange.space, and what `Relation.order` says.
CTID = "ctid"
KEY = "key"
KIND = "table"


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
        key: The best of its usable keys, or None.
        order: In which order it is read: `"key"`, or `"ctid"`: as the rows lie in the table's file.
        is_divisible: Whether it may be cut into several ranges.
        where: The condition that selects its rows: a user's, or an extension's for its own table; may be empty.
        text_is_bytes: Whether the database is of the encoding SQL_ASCII: then texts are Avro bytes.
        search_path: The schemas in which the server must look to plan a read of it (`plan_path`); nearly always none.
        pages: Blocks in its file when the catalog was read; like the next three, not in the manifest.
        bytes: Its size, with its TOAST table.
        rows_estimate: The server's estimate of its rows; -1 if it was never analyzed.
        correlation: Correlation of the key's first column with the rows' order in the file, -1 to 1; None if not known.
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
    search_path: tuple[str, ...] = ()
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
        """As the manifest has it."""
        return {
            "kind": KIND,
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
            "search_path": list(self.search_path),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Relation":
        """The inverse of `schema_json`, without sizes and estimates.

        Raises:
            IntegrityError: if `data` is not a relation.
        """
        try:
            return cls._read(SqlFields.of(data, "a table"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(f"The manifest does not describe a table: {error}. Verify the backup.") from error

    @classmethod
    def _read(cls, fields: SqlFields) -> "Relation":
        relation = cls(
            oid=fields.integer("oid", OID),
            name=Name(fields.name("schema"), fields.name("name")),
            columns=fields.items("columns", Column.from_json),
            persistence=fields.text("persistence"),
            access_method=fields.text("access_method"),
            partition_root=fields.optional("partition_root", parse_parts),
            hash_partitioned=fields.truth("hash_partitioned"),
            parents=fields.items("parents", parse_parts),
            key=fields.optional("key", Key.from_json),
            order=fields.word("order", (CTID, KEY)),
            is_divisible=fields.truth("is_divisible"),
            where=fields.text("where"),
            text_is_bytes=fields.truth("text_is_bytes"),
            search_path=fields.items("search_path", text_of),
        )
        if relation.key and not all(place < len(relation.columns) for place in relation.key.places):
            raise ValueError("its key names columns that it has not")
        return relation


def check_names(table: Table) -> Table:
    """The table, if its names in the manifest are valid; the rest is checked where it is used.

    Raises:
        IntegrityError: if they are not.
    """
    try:
        fields = SqlFields.of(table.schema, f"the table {table.name}")
        if fields.text("kind") == KIND:
            parse_parts([fields.name("schema"), fields.name("name")])
            fields.optional("partition_root", parse_parts)
            fields.items("parents", parse_parts)
    except ValueError as error:
        raise IntegrityError(f"The manifest does not describe a table: {error}. Verify the backup.") from error
    return table


def parse_parts(data: Any) -> Name:  # noqa: ANN401 - it may be anything
    """A name in a list of two texts; raises ValueError for anything else."""
    fields = SqlFields.of(data, "a name", ("schema", "name"))
    return Name(fields.name("schema"), fields.name("name"))


def _parts(name: Name) -> list[str]:
    return [name.schema, name.name]
