"""A walk through the cells of `BigtableRow` records whose arrays may be cut into any legal blocks.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding. Records of the canonical form alone are
read by `record_inspector.pyx`.
"""

from libc.stdint cimport INT64_MIN, int64_t

from transforms.avro.primitives cimport read_any_bytes, read_any_long
from transforms.codec.cursor cimport Cursor, ahead
from transforms.codec.fault cimport BAD_LENGTH, FINE, Fault, unless
from transforms.codec.span cimport Span

cdef struct Cell:
    Span family
    Span qualifier
    Span value
    int64_t timestamp

cdef struct Cells:
    Cursor cursor
    # Cells left in the block.
    int64_t left
    # The first fault, at which the walk ends.
    Fault fault


cdef inline Cells cells_at(const unsigned char* at, const unsigned char* end, int64_t left) noexcept nogil:
    cdef Cells cells
    cells.cursor.at = at
    cells.cursor.end = end
    cells.left = left
    cells.fault = FINE
    return cells


cdef inline Fault read_key(Cursor* cursor, Span* key) noexcept nogil:
    """The key of the next record; Bigtable has no empty key, but zero-filled bytes look like one."""
    cdef Fault fault = read_any_bytes(cursor, key)
    return fault if fault else unless(key.size > 0, b"a row key is empty")


cdef inline Fault read_negated(Cursor* cursor, int64_t* count) noexcept nogil:
    """Read the size in bytes that follows a negated count, and make the count positive."""
    cdef int64_t size
    cdef Fault fault = read_any_long(cursor, &size)
    if fault:
        return fault
    if size < 0 or size > <int64_t>ahead(cursor) or count[0] == INT64_MIN:
        return BAD_LENGTH
    count[0] = -count[0]
    return FINE


cdef inline Fault open_block(Cells* cells) noexcept nogil:
    """Read the header of the next array block: a count, or a negated count and the block's size in bytes."""
    cdef int64_t count
    cdef Fault fault = read_any_long(&cells.cursor, &count)
    if not fault and count < 0:
        fault = read_negated(&cells.cursor, &count)
    cells.left = 0 if fault else count
    return fault


cdef inline Fault read_cell(Cursor* cursor, Cell* cell) noexcept nogil:
    cdef Fault fault = read_any_bytes(cursor, &cell.family)
    if not fault:
        fault = read_any_bytes(cursor, &cell.qualifier)
    if not fault:
        fault = read_any_long(cursor, &cell.timestamp)
    return fault if fault else read_any_bytes(cursor, &cell.value)


cdef inline bint next_cell(Cells* cells, Cell* cell) noexcept nogil:
    """Read the next cell of the record; false when its array has ended or on a fault."""
    if cells.left == 0:
        cells.fault = open_block(cells)
        if cells.left == 0:
            return False
    cells.left -= 1
    cells.fault = read_cell(&cells.cursor, cell)
    return cells.fault == FINE
