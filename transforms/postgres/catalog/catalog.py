"""The selected tables of a database, with everything that is needed to read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transforms.postgres.catalog import plan_path
from transforms.postgres.catalog.access import check_access
from transforms.postgres.catalog.column_form import PRESENCE, BaseType
from transforms.postgres.catalog.field_names import encode
from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.predicate import check_predicate
from transforms.postgres.catalog.queries import COLUMNS, CORRELATIONS, SIZES
from transforms.postgres.catalog.read_order import ReadOrder
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.catalog.sequences import list_sequences
from transforms.postgres.catalog.table import CatalogTable, list_catalog_tables, list_schemas, without_rows
from transforms.postgres.catalog.usable_keys import usable_keys
from transforms.postgres.codec.column import Column
from transforms.postgres.names.identifiers import Name, name_list
from transforms.postgres.names.selection import Selection
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

_READING = "reading the catalog"


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is selected of a database.

    Attributes:
        relations: The tables with rows of their own, sorted by name.
        notes: Notes for people about objects whose rows are not in the backup.
    """

    relations: tuple[Relation, ...]
    notes: tuple[str, ...]


def list_tables(connection: Connection, selection: Selection) -> list[Name]:
    """The names of the selected tables with rows of their own: those to lock before a snapshot is taken.

    Also checks what would otherwise end the backup after all rows are read: the rights on what the archive describes,
    which is the whole database, and on sequences.

    Raises:
        NotFoundError: if a pattern selects nothing.
        UnreachableError: if one of them, or something of it, may not be read, or its rows would be filtered.
    """
    with translated(_READING):
        chosen, every = _chosen(connection, selection)
        check_access(connection, chosen, [table for table in every if table.is_described])
    list_sequences(connection, None if selection.is_whole else [table.oid for table in chosen])
    return [table.name for table in chosen]


def load(connection: Connection, selection: Selection, order: ReadOrder) -> Catalog:
    """The selected tables, as of the connection's transaction.

    Args:
        connection: A session, if possible in a separate transaction.
        selection: What is selected.
        order: How the order in which a table is read is chosen.

    Raises:
        NotFoundError: if a pattern selects nothing.
        UnreachableError: if a table may not be read, or row-level security would filter its rows.
        UsageError: if a condition is not one.
        RefusedError: if reads of a table cannot be planned.
    """
    with translated(_READING):
        chosen, every = _chosen(connection, selection)
        check_access(connection, chosen)
        relations = _with_columns(connection, chosen, selection)
        relations = _with_sizes(connection, _with_keys(connection, relations))
        relations = plan_path.find(connection, relations)
        notes = _notes(every, _in_recovery(connection))
    for relation in relations:
        check_predicate(connection, relation)
    return Catalog(tuple(map(order.choose, relations)), notes)


def list_selected(connection: Connection, selection: Selection) -> tuple[list[int], tuple[str, ...]]:
    """The oids of the selected tables with rows of their own, and the notes of `Catalog`; cheaper than `load`."""
    with translated(_READING):
        chosen, every = _chosen(connection, selection)
        return [table.oid for table in chosen], _notes(every, _in_recovery(connection))


def _chosen(connection: Connection, selection: Selection) -> tuple[list[CatalogTable], list[CatalogTable]]:
    """The selected tables that have rows, and all tables."""
    every = list_catalog_tables(connection)
    lost = _in_recovery(connection)
    readable = [table for table in every if table.has_rows and not (lost and table.persistence == "u")]
    candidates = [table.candidate() for table in readable]
    names = set(selection.select(candidates, list_schemas(connection), without_rows(every)))
    return [table for table in readable if table.name in names], every


def _in_recovery(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    return row is not None and bool(row[0])


def _with_columns(connection: Connection, tables: Sequence[CatalogTable], selection: Selection) -> list[Relation]:
    columns: dict[int, list[Column]] = {}
    for oid, *rest in connection.execute(COLUMNS, [[table.oid for table in tables]]):
        columns.setdefault(oid, []).append(_column(rest))
    is_ascii = connection.info.parameter_status("server_encoding") == "SQL_ASCII"
    return [_relation(table, columns.get(table.oid, [PRESENCE]), selection, is_ascii) for table in tables]


def _column(row: Sequence[Any]) -> Column:
    name, text, schema, type_name, oid, kind, of_extension, modifier, number, not_null, identity, *collation = row
    base = BaseType(oid, kind, type_name, of_extension, modifier)
    collated = str(Name(*collation)) if all(collation) else ""
    words = (name, encode(name), text, str(Name(schema, type_name)))
    return Column(*words, base.form, *base.digits(), number, not_null, identity, collated)


def _relation(table: CatalogTable, columns: Sequence[Column], selection: Selection, is_ascii: bool) -> Relation:
    return Relation(
        oid=table.oid,
        name=table.name,
        columns=tuple(columns),
        persistence=table.persistence,
        access_method=table.access_method,
        partition_root=table.above[-1].name if table.above else None,
        hash_partitioned=any(parent.strategy == "h" for parent in table.above),
        parents=tuple(parent.name for parent in table.parents),
        where=table.where(selection.predicate(table.candidate())),
        text_is_bytes=is_ascii,
    )


def _with_keys(connection: Connection, relations: Sequence[Relation]) -> list[Relation]:
    keys = usable_keys(connection, relations)
    correlations = _correlations(connection, [relation.name for relation in relations])
    return [_with_key(relation, keys.get(relation.oid), correlations) for relation in relations]


def _with_key(relation: Relation, key: Key | None, correlations: Mapping[tuple[Name, str], float]) -> Relation:
    first = relation.columns[key.places[0]].name if key else ""
    return replace(relation, key=key, correlation=correlations.get((relation.name, first)))


def _correlations(connection: Connection, names: Sequence[Name]) -> dict[tuple[Name, str], float]:
    schemas = sorted({name.schema for name in names})
    rows = connection.execute(CORRELATIONS, [schemas, [name.name for name in names]])
    return {(Name(schema, table), attribute): value for schema, table, attribute, value in rows}


def _with_sizes(connection: Connection, relations: Sequence[Relation]) -> list[Relation]:
    rows = connection.execute(SIZES, [[relation.oid for relation in relations]])
    sizes = {oid: (pages, size, estimate) for oid, pages, size, estimate in rows}
    return [_sized(relation, *sizes.get(relation.oid, (0, 0, -1.0))) for relation in relations]


def _sized(relation: Relation, pages: int, size: int, estimate: float) -> Relation:
    return replace(relation, pages=pages, bytes=size, rows_estimate=estimate)


def _notes(tables: Iterable[CatalogTable], in_recovery: bool) -> tuple[str, ...]:
    """One note for each kind of table that has no rows in a backup."""
    own = [table for table in tables if not table.of_extension]
    kinds = (
        ("f", "p", "Foreign tables, whose rows are elsewhere: their definitions are kept, their rows are not"),
        ("m", "pu", "Materialized views: their definitions are kept; a restore fills them again"),
        ("rp", "t", "Temporary tables of other sessions: not kept"),
        *((("r", "u", "Unlogged tables, which have no rows on a standby: their definitions are kept"),) * in_recovery),
    )
    found = ((text, [t.name for t in own if t.kind in kind and t.persistence in how]) for kind, how, text in kinds)
    return tuple(f"{text}: {name_list(names)}." for text, names in found if names)
