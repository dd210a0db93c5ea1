"""How the rows of a table are loaded: the table, the columns, and the format of COPY."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.errors import IntegrityError
from transforms.identity import Table
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.codec.column import Column, Form
from transforms.postgres.codec.record_program import program_of
from transforms.postgres.names.identifiers import Name, always_quoted, identifier, is_systems
from transforms.postgres.objects.renames import EVERYTHING, Renames
from transforms.postgres.objects.step import encoded

BINARY, TEXT = "binary", "text"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How rows are loaded.

    Attributes:
        into: The table that COPY names. For a hash partition this is the root, since the hash of an enum's value
            depends on its oid, which differs between databases.
        statement: The COPY statement.
        route: `binary`, or `text` if a column's binary form cannot be built.
        program: The program of the encoders.
        texts: The columns that require `text`, for people.
    """

    into: Name
    statement: bytes
    route: str
    program: bytes
    texts: tuple[str, ...] = ()


def load_plan(table: Table, renames: Renames = EVERYTHING, is_partition: bool = True) -> LoadPlan:
    """How the rows of a table of a backup are loaded; COPY does not name generated columns.

    Args:
        table: The table.
        renames: The names that tables get.
        is_partition: False if it was a partition and its partitioned table is not restored.

    Raises:
        IntegrityError: if the backup does not describe the table's columns, or the table is in a system schema.
    """
    program = program_of(table)
    relation = Relation.from_json(table.schema)
    texts = _texts(relation.copied)
    into = renames.made(destination(relation, is_partition))
    route = TEXT if texts else BINARY
    return LoadPlan(into, _statement(into, relation, route), route, program, texts)


def texts_of(table: Table) -> tuple[str, ...]:
    """The columns that require loading a table as text, for people; see `LoadPlan.texts`."""
    return _texts(map(Column.from_json, table.schema["columns"]))


def _texts(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(f"{column.name} ({column.type})" for column in columns if column.form is Form.OUTPUT)


def destination(relation: Relation, is_partition: bool = True) -> Name:
    """The table that the rows of a table of a backup are written to, by its name in the backup.

    Raises:
        IntegrityError: if it is in a system schema, of which no backup has rows.
    """
    root = relation.partition_root if relation.hash_partitioned and is_partition else None
    into = root or relation.name
    if is_systems(into.schema):
        raise IntegrityError(
            f"The manifest says that rows of {relation.name} go into {into}, a table of the server's own. Ask who wrote"
            " the backup."
        )
    return into


def _statement(into: Name, relation: Relation, route: str) -> bytes:
    columns = ", ".join(always_quoted(column.name) for column in relation.copied)
    listed = f" ({columns})" if columns else ""
    name = identifier(into.schema, into.name).text
    return encoded(f"COPY {name}{listed} FROM STDIN (FORMAT {route})")
