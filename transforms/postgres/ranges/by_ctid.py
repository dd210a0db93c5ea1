"""Cutting a table into ranges of `ctid`: equal runs of the blocks of its file."""

from itertools import pairwise

from transforms.key_range import KeyRange
from transforms.postgres.catalog.relation import CTID


def ctid_ranges(count: int, pages: int) -> list[KeyRange]:
    """At most `count` ranges that tile the table's file, of about equal size.

    Args:
        count: How many ranges are wanted.
        pages: Blocks in the file. The last range is open: the file may have grown.
    """
    blocks = sorted({pages * number // count for number in range(1, count)} - {0})
    ends = [b"", *(b"(%d,0)" % block for block in blocks), b""]
    return [KeyRange(CTID, start, end) for start, end in pairwise(ends)]
