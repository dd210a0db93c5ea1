"""Cuts tables into ranges of their keys or of `ctid`, which are equal runs of a file's blocks."""

from collections.abc import Sequence
from itertools import pairwise

from transforms.key_range import KeyRange
from transforms.postgres.catalog.queries import SIZES
from transforms.postgres.catalog.relation import CTID, KEY, Relation
from transforms.postgres.ranges.by_key import key_ranges
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection
from transforms.source import TablePlan, Wanted


def ctid_ranges(count: int, pages: int) -> list[KeyRange]:
    """At most `count` ranges that tile the table's file, of about equal size.

    Args:
        count: How many ranges are wanted.
        pages: Blocks in the file. The last range is open: the file may have grown.
    """
    blocks = sorted({pages * number // count for number in range(1, count)} - {0})
    ends = [b"", *(b"(%d,0)" % block for block in blocks), b""]
    return [KeyRange(CTID, start, end) for start, end in pairwise(ends)]


SMALL_RANGE = 16 << 20
"""Fewest bytes on disk of a range, unless the number of ranges is given."""
MANY = 64
"""Ranges of a large table: many more than readers, so that all readers finish at about the same time."""


def plan(connection: Connection, relations: Sequence[Relation], wanted: Wanted) -> list[TablePlan]:
    """How tables are cut: each into ranges that tile its key space, in its order.

    Args:
        connection: A session that sees the tables' rows.
        relations: The tables.
        wanted: How many, or how large. There are fewer if rows or blocks do not suffice, and one range for a table
            that must not be cut.
    """
    with translated("asking how large tables are"):
        sizes = _sizes(connection, relations)
    return [_plan(connection, relation, wanted, *sizes.get(relation.oid, (0, 0))) for relation in relations]


def _plan(connection: Connection, relation: Relation, wanted: Wanted, pages: int, size: int) -> TablePlan:
    count = (wanted.ranges or wanted_ranges(size, wanted.shard_size)) if relation.is_divisible else 1
    if relation.order != KEY:
        return TablePlan(ctid_ranges(count, pages), size)
    with translated(f"{relation.name}: cutting it into ranges"):
        return TablePlan(key_ranges(connection, relation, count, pages), size)


def wanted_ranges(size: int, shard_size: int) -> int:
    """How many ranges a table of `size` bytes should have, for shards of at most about `shard_size` bytes."""
    return max(1, -(-size // shard_size), min(MANY, size // SMALL_RANGE))


def _sizes(connection: Connection, relations: Sequence[Relation]) -> dict[int, tuple[int, int]]:
    """Blocks of the tables' files, and bytes with their TOAST tables, as they are now, by oid."""
    rows = connection.execute(SIZES, [[relation.oid for relation in relations]])
    return {oid: (pages, size) for oid, pages, size, _ in rows}
