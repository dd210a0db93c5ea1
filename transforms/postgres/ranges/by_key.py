"""Cuts a table into ranges of its key, at values that the server returned and compared."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from psycopg import sql

from transforms.key_range import KeyRange
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.codec.column import Column
from transforms.postgres.names.identifiers import Bytes, identifier
from transforms.postgres.ranges.key_value import end_of
from transforms.postgres.ranges.query import compare, operator, output, value, where_all
from transforms.postgres.server.session import Connection

PAGES_PER_RANGE = 16
"""Blocks to sample for each range: if the key follows the file's order, a block counts as a single row."""
MOST_PAGES = 1 << 16
LEAST_PAGES_PER_RANGE = 4
_COMPARED_AT_ONCE = 200

# A sample of the keys in as many equal parts as ranges are wanted; each part but the first begins at a boundary.
_BOUNDARIES = sql.SQL("""
    SELECT {texts} FROM (
        SELECT s.*, pg_catalog.lag(tile) OVER (ORDER BY {names}) AS before FROM (
            SELECT s.*, pg_catalog.ntile({ranges}) OVER (ORDER BY {names}) AS tile
            FROM (SELECT DISTINCT {keys} FROM ONLY {table}{sample}{where}) s) s) s
    WHERE tile <> before ORDER BY {names}
""")


def key_ranges(connection: Connection, relation: Relation, count: int, pages: int) -> list[KeyRange]:
    """At most `count` ranges, about equal in rows, that tile the table's key.

    Args:
        connection: A session that sees the table's rows.
        relation: A table that is read by key.
        count: How many ranges are wanted.
        pages: Blocks in the table's file.
    """
    boundaries = _boundaries(connection, relation, count, pages) if count > 1 else []
    if not _ascend(connection, relation, boundaries):
        boundaries = []  # the texts do not give the same values again, so the key cannot be cut
    return [KeyRange("", start, end) for start, end in pairwise([b"", *map(end_of, boundaries), b""])]


def _boundaries(connection: Connection, relation: Relation, count: int, pages: int) -> list[list[str]]:
    names = [Bytes(f"k{place}") for place, _ in enumerate(relation.key_columns)]
    keys = [
        sql.SQL("{} AS {}").format(identifier(column.name), name)
        for column, name in zip(relation.key_columns, names, strict=True)
    ]
    query = _BOUNDARIES.format(
        texts=sql.SQL(", ").join(map(output, names)),
        names=sql.SQL(", ").join(names),
        ranges=Bytes(str(count)),
        keys=sql.SQL(", ").join(keys),
        table=relation.name.sql(),
        sample=_sample(count, pages),
        where=where_all(relation),
    )
    return [list(row) for row in connection.execute(query).fetchall()]


def _sample(count: int, pages: int) -> sql.Composable:
    """A sample of whole blocks, the same each time; all blocks if the table is small."""
    wanted = max(min(count * PAGES_PER_RANGE, MOST_PAGES), count * LEAST_PAGES_PER_RANGE)
    if wanted >= pages:
        return sql.SQL("")
    return Bytes(f" TABLESAMPLE SYSTEM ({100 * wanted / pages:.6f}) REPEATABLE (0)")


def _ascend(connection: Connection, relation: Relation, boundaries: Sequence[Sequence[str]]) -> bool:
    """Whether the server, given the texts, sorts each boundary before the next one."""
    for part in _parts(boundaries):
        keys = [_key(relation.key_columns, texts) for texts in part]
        less = operator(relation, "<")
        tests = sql.SQL(" AND ").join(compare(one, less, next_one) for one, next_one in pairwise(keys))
        row = connection.execute(sql.SQL("SELECT {}").format(tests)).fetchone()
        if row is None or row[0] is not True:
            return False
    return True


def _parts(boundaries: Sequence[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    """Runs that share their ends."""
    for start in range(0, len(boundaries) - 1, _COMPARED_AT_ONCE):
        yield boundaries[start : start + _COMPARED_AT_ONCE + 1]


def _key(columns: Sequence[Column], texts: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(_collated(column, text) for column, text in zip(columns, texts, strict=True))


def _collated(column: Column, text: str) -> sql.Composable:
    """Two values alone would be compared by the type's own collation."""
    if not column.collation:
        return value(column, text)
    return sql.SQL("{} COLLATE {}").format(value(column, text), Bytes(column.collation))
