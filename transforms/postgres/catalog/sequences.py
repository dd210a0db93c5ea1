"""Values of sequences: read last, since no snapshot includes them, and set again by a restore."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from psycopg import sql

from transforms.errors import UnreachableError
from transforms.postgres.catalog.json_fields import INT8, SqlFields
from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

AT_ONCE = 200  # sequences in one query
_SET = """
    SELECT pg_catalog.setval(name::pg_catalog.regclass, last, called)
    FROM ROWS FROM (
        pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::int8[]), pg_catalog.unnest(%s::bool[])
    ) AS wanted (name, last, called)
"""
# Those of extensions count only if the extension says that their value is the user's (pg_extension_config_dump).
_LIST = """
    SELECT s.oid, n.nspname, s.relname, s.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery(),
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT')
    FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
    WHERE s.relkind = 'S' AND s.relpersistence <> 't' AND n.nspname <> 'information_schema'
        AND n.nspname !~ '^pg_' AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid AND d.deptype = 'e'
                AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                AND NOT s.oid = ANY (COALESCE(e.extconfig, '{}')))
"""
# Owned by a column of the tables (deptype a: OWNED BY, i: identity), or used by a default of theirs; or of the tables
# that they are partitions of, through which rows come in.
_OF_TABLES = """
    AND s.oid IN (
        WITH RECURSIVE wanted(oid) AS (
            SELECT pg_catalog.unnest(%(tables)s::pg_catalog.oid[])
            UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN wanted ON wanted.oid = i.inhrelid)
        SELECT d.objid FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM wanted)
        UNION ALL
        SELECT d.refobjid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND a.adrelid IN (SELECT oid FROM wanted))
"""


@dataclass(frozen=True, order=True, slots=True)
class SequenceValue:
    """The value of a sequence; its definition is in the archive.

    Attributes:
        name: The sequence.
        last_value: Its value.
        is_called: Whether that value was used, so that the next value follows it.
    """

    name: Name
    last_value: int
    is_called: bool

    def to_json(self) -> list[Any]:
        """As JSON: a list, since there are many."""
        return [self.name.schema, self.name.name, self.last_value, self.is_called]

    @classmethod
    def from_json(cls, data: Any) -> "SequenceValue":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "a sequence", ("schema", "name", "last_value", "is_called"))
        name = Name(fields.name("schema"), fields.name("name"))
        return cls(name, fields.integer("last_value", INT8), fields.truth("is_called"))


@dataclass(frozen=True, slots=True)
class SequenceList:
    """The sequences of a database or of tables, sorted.

    Attributes:
        names: The readable ones.
        lost: Unlogged sequences of a standby, which have no value there.
    """

    names: tuple[Name, ...]
    lost: tuple[Name, ...]


def list_sequences(connection: Connection, tables: Sequence[int] | None = None) -> SequenceList:
    """The sequences whose values are backed up.

    Args:
        connection: In the snapshot of the backup, if it has one.
        tables: Oids of the tables whose sequences are wanted: those they own and those their defaults use.
            None wants all of the database.

    Raises:
        UnreachableError: with all that may not be read.
    """
    query = _LIST + (_OF_TABLES if tables is not None else "")
    with translated("listing the sequences"):
        rows = connection.execute(query, {"tables": list(tables or ())}).fetchall()
    _check_access([Name(row[1], row[2]) for row in rows if not row[4]])
    lost, names = (sorted(Name(row[1], row[2]) for row in rows if row[3] is is_lost) for is_lost in (True, False))
    return SequenceList(tuple(names), tuple(lost))


def _check_access(forbidden: list[Name]) -> None:
    if forbidden:
        names = ", ".join(map(str, sorted(forbidden)))
        raise UnreachableError(
            f"No right to read the sequences {names}. Grant USAGE on their schemas and SELECT on them"
            " (or pg_read_all_data) to the user of the backup, or leave their tables out with --exclude_table."
        )


def read_values(connection: Connection, names: Iterable[Name]) -> tuple[SequenceValue, ...]:
    """The current values of sequences, in the given order, whatever snapshot the connection is in.

    Raises:
        NotFoundError: if one is gone.
        UnreachableError: if one may not be read.
    """
    rest, values = iter(names), list[SequenceValue]()
    while part := list(islice(rest, AT_ONCE)):
        with translated(f"reading the sequences {part[0]} to {part[-1]}"):
            rows = connection.execute(_values_query(part)).fetchall()
        values += [SequenceValue(part[place], *value) for place, *value in sorted(rows)]
    return tuple(values)


def _values_query(names: Sequence[Name]) -> sql.Composed:
    one = sql.SQL("SELECT {}, last_value, is_called FROM {}")
    parts = [one.format(sql.Literal(place), name.sql()) for place, name in enumerate(names)]
    return sql.SQL(" UNION ALL ").join(parts)


def set_values(connection: Connection, values: Iterable[SequenceValue]) -> None:
    """Set the values of sequences; may run twice.

    Args:
        connection: To the target, as a role that may update the sequences.
        values: The values.

    Raises:
        NotFoundError: if a sequence does not exist in the target.
    """
    rest = iter(values)
    while part := list(islice(rest, AT_ONCE)):
        names = [str(value.name) for value in part]
        with translated(f"setting the sequences {names[0]} to {names[-1]}"):
            last, called = [value.last_value for value in part], [value.is_called for value in part]
            connection.execute(_SET, (names, last, called))
