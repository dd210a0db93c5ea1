"""The statements that read the rows of a range."""

from collections.abc import Iterable

from psycopg import sql

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.postgres.catalog import plan_path
from transforms.postgres.catalog.predicate import enclosed
from transforms.postgres.catalog.relation import CTID, Relation
from transforms.postgres.codec.column import Column, Form
from transforms.postgres.names.identifiers import Bytes, identifier, literal
from transforms.postgres.ranges.key_value import check_ctid, texts_of

_COPY = sql.SQL("COPY (SELECT {fields} FROM ONLY {table}{where}{order}) TO STDOUT (FORMAT binary)")


def copy_statement(relation: Relation, key_range: KeyRange) -> sql.Composed:
    """The COPY that sends the rows of a range in the order of its space.

    Its fields are the table's columns; before them, in physical order, `ctid`.

    Raises:
        IntegrityError: if the range is not one of this table.
    """
    fields = [_field(column) for column in relation.copied]
    if relation.order == CTID:
        fields.insert(0, sql.SQL("ctid"))
    return _COPY.format(
        fields=sql.SQL(", ").join(fields),
        table=relation.name.sql(),
        where=where_clause(relation, key_range),
        order=order_clause(relation),
    )


def where_clause(relation: Relation, key_range: KeyRange) -> sql.Composable:
    """What selects the rows of a range, with a space before it; nothing for all rows.

    Raises:
        IntegrityError: if the range is not one of this table.
    """
    if key_range.space != relation.space:
        raise IntegrityError(f"{relation.name} is read by {relation.order}: {key_range} is no range of it.")
    ends = ((">=", key_range.start), ("<", key_range.end))
    conditions = [_comparison(relation, sign, end) for sign, end in ends if end]
    return where_all(relation, conditions)


def where_all(relation: Relation, conditions: Iterable[sql.Composable] = ()) -> sql.Composable:
    """Conditions and that of the table itself, with a space before them; the search path is left as rows are read."""
    own = [enclosed(relation.where)] if relation.where else []
    every = [*([plan_path.LEAVE] if relation.search_path else []), *conditions, *own]
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(every)) if every else sql.SQL("")


def order_clause(relation: Relation) -> sql.Composable:
    """What sorts rows by the key, with a space before it; nothing for physical order.

    A bare name would mean a field of the result before a column of the table, and a field may be called `case`.
    """
    columns = relation.key_columns
    return sql.SQL(" ORDER BY {}").format(_columns(relation, columns)) if columns else sql.SQL("")


def _comparison(relation: Relation, sign: str, end: bytes) -> sql.Composable:
    if relation.order == CTID:
        return Bytes(f"ctid {sign} '{check_ctid(end)}'::pg_catalog.tid")
    columns = relation.key_columns
    values = [value(column, text) for column, text in zip(columns, texts_of(end, len(columns)), strict=True)]
    return compare(_columns(relation, columns), operator(relation, sign), sql.SQL(", ").join(values))


def compare(left: sql.Composable, operator: sql.Composable, right: sql.Composable) -> sql.Composable:
    """Two keys compared, each a list with commas: column by column, from left to right."""
    return sql.SQL("({}) {} ({})").format(left, operator, right)


def operator(relation: Relation, sign: str) -> sql.Composable:
    """The operator of the key's operator classes: an extension's is in no search path."""
    schema = relation.key.operators if relation.key else "pg_catalog"
    return sql.SQL("OPERATOR({}.{})").format(identifier(schema), Bytes(sign))


def value(column: Column, text: str) -> sql.Composable:
    """A value of a column's type; against the column, the column's collation counts."""
    return sql.SQL("{}::{}").format(literal(text), Bytes(column.base))


def output(expression: sql.Composable) -> sql.Composable:
    """The text that the type's output function writes: a cast to text may be a user's, and drops padding."""
    return sql.SQL("pg_catalog.format('%s', {})").format(expression)


def _field(column: Column) -> sql.Composable:
    name = identifier(column.name)
    if column.form is not Form.OUTPUT:
        return name
    return sql.SQL("CASE WHEN {} IS DISTINCT FROM NULL THEN {} END").format(name, output(name))


def _columns(relation: Relation, columns: "tuple[Column, ...]") -> sql.Composable:
    table = relation.name
    return sql.SQL(", ").join(identifier(table.schema, table.name, column.name) for column in columns)
