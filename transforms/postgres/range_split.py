"""Cutting a table into the ranges that are wanted."""

from transforms.key_range import KeyRange
from transforms.postgres.catalog_sql import SIZES
from transforms.postgres.ctid_split import ctid_ranges
from transforms.postgres.errors import translated
from transforms.postgres.key_split import key_ranges
from transforms.postgres.relation import KEY, Relation
from transforms.postgres.session import Connection
from transforms.source import Wanted

SMALL_RANGE = 16 << 20
"""Bytes on disk that a range has at least, unless a number of ranges is asked for."""
MANY = 64
"""Ranges of a table that is large enough: many more than readers, so that the last ones do not wait for one."""


def ranges(connection: Connection, relation: Relation, wanted: Wanted) -> list[KeyRange]:
    """Ranges that tile the table's key space, in its order.

    Args:
        connection: A session that sees the table's rows.
        relation: The table.
        wanted: How many, or how large. There are fewer where rows or blocks do not suffice, and one range of a table
            that may not be cut.
    """
    with translated(f"{relation.name}: cutting it into ranges"):
        pages, size = _size(connection, relation)
        count = wanted.ranges or wanted_ranges(size, wanted.shard_size)
        if not relation.is_divisible:
            count = 1
        return key_ranges(connection, relation, count, pages) if relation.order == KEY else ctid_ranges(count, pages)


def wanted_ranges(size: int, shard_size: int) -> int:
    """How many ranges a table of `size` bytes should have, for shards of at most about `shard_size` bytes."""
    return max(1, -(-size // shard_size), min(MANY, size // SMALL_RANGE))


def _size(connection: Connection, relation: Relation) -> tuple[int, int]:
    """Blocks of the table's file, and bytes with its TOAST table, as they are now."""
    row = connection.execute(SIZES, [[relation.oid]]).fetchone()
    return (row[1], row[2]) if row else (0, 0)
