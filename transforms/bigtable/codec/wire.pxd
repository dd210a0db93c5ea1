"""Inline pieces of the compiled codecs: bounds-checked reading of Avro and protobuf bytes.

Encodings: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding (zigzag longs, blocked arrays)
and https://protobuf.dev/programming-guides/encoding/ (varints, tags, length-delimited fields).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy


cdef enum Fault:
    FINE = 0
    CUT_SHORT = 1
    BAD_VARINT = 2
    BAD_LENGTH = 3
    BAD_KEY = 4
    BAD_FAMILY = 5
    BAD_TIMESTAMP = 6
    BAD_FIELD = 7
    NO_MEMORY = 8


ctypedef struct Span:
    const unsigned char *at
    uint64_t length


ctypedef struct Cursor:
    # After a fault `end` is `at`: every further read fails too and the first fault and its place remain.
    const unsigned char *at
    const unsigned char *end
    int fault


ctypedef struct Cells:
    # A walk through the blocks of one Avro array; `left` is what is left of the current block.
    Cursor cursor
    int64_t left


ctypedef struct Cell:
    Span family
    Span qualifier
    Span value
    int64_t timestamp


cdef inline void fail(Cursor *cursor, int fault) noexcept nogil:
    if cursor.fault == FINE:
        cursor.fault = fault
    cursor.end = cursor.at


cdef inline uint64_t read_varint(Cursor *cursor) noexcept nogil:
    cdef uint64_t value
    if cursor.at < cursor.end and cursor.at[0] < 0x80:
        value = cursor.at[0]
        cursor.at += 1
        return value
    return read_long_varint(cursor)


cdef inline uint64_t read_long_varint(Cursor *cursor) noexcept nogil:
    cdef uint64_t value = 0
    cdef int shift = 0
    cdef unsigned char byte
    while cursor.at < cursor.end:
        byte = cursor.at[0]
        cursor.at += 1
        value |= <uint64_t>(byte & 0x7f) << shift
        if byte < 0x80:
            if shift == 63 and byte > 1:
                break
            return value
        shift += 7
        if shift > 63:
            break
    fail(cursor, BAD_VARINT if shift >= 63 else CUT_SHORT)
    return 0


cdef inline int64_t read_long(Cursor *cursor) noexcept nogil:
    cdef uint64_t value = read_varint(cursor)
    return <int64_t>(value >> 1) ^ -<int64_t>(value & 1)


cdef inline Span take(Cursor *cursor, uint64_t length) noexcept nogil:
    cdef Span span
    span.at = cursor.at
    span.length = length
    if length > <uint64_t>(cursor.end - cursor.at):
        fail(cursor, CUT_SHORT)
        span.length = 0
    cursor.at += span.length
    return span


cdef inline Span read_bytes(Cursor *cursor) noexcept nogil:
    cdef int64_t length = read_long(cursor)
    if length < 0:
        fail(cursor, BAD_LENGTH)
        length = 0
    return take(cursor, <uint64_t>length)


cdef inline Span read_key(Cursor *cursor) noexcept nogil:
    """The key of the next record; Bigtable has no empty key, but zero-filled bytes look like one."""
    cdef Span key = read_bytes(cursor)
    if key.length == 0:
        fail(cursor, BAD_KEY)
    return key


cdef inline void open_block(Cells *cells) noexcept nogil:
    """Read the header of the next array block: a count, or a negated count and the block's size in bytes."""
    cdef int64_t count = read_long(&cells.cursor), size
    if count < 0:
        size = read_long(&cells.cursor)
        if size < 0 or size > cells.cursor.end - cells.cursor.at or -count < 0:
            fail(&cells.cursor, BAD_LENGTH)
        count = -count
    cells.left = 0 if cells.cursor.fault else count


cdef inline bint next_cell(Cells *cells, Cell *cell) noexcept nogil:
    """Read the next cell of the record; false when its array has ended or on a fault."""
    if cells.left == 0:
        open_block(cells)
        if cells.left == 0:
            return False
    cells.left -= 1
    cell.family = read_bytes(&cells.cursor)
    cell.qualifier = read_bytes(&cells.cursor)
    cell.timestamp = read_long(&cells.cursor)
    cell.value = read_bytes(&cells.cursor)
    return cells.cursor.fault == FINE


cdef inline void skip_field(Cursor *cursor, uint64_t tag) noexcept nogil:
    """Skip one protobuf field of a kind that we do not know; the long-dead groups are not accepted."""
    cdef int kind = <int>(tag & 7)
    if kind == 0:
        read_varint(cursor)
    elif kind == 1:
        take(cursor, 8)
    elif kind == 2:
        take(cursor, read_varint(cursor))
    elif kind == 5:
        take(cursor, 4)
    else:
        fail(cursor, BAD_FIELD)


cdef inline uint64_t varint_size(uint64_t value) noexcept nogil:
    cdef uint64_t size = 1
    while value >= 0x80:
        value >>= 7
        size += 1
    return size


cdef inline uint64_t field_size(uint64_t length) noexcept nogil:
    """Size of a length-delimited field with a one-byte tag."""
    return 1 + varint_size(length) + length


cdef inline unsigned char *write_varint(unsigned char *out, uint64_t value) noexcept nogil:
    while value >= 0x80:
        out[0] = <unsigned char>(value | 0x80)
        value >>= 7
        out += 1
    out[0] = <unsigned char>value
    return out + 1


cdef inline unsigned char *write_head(unsigned char *out, unsigned char tag, uint64_t length) noexcept nogil:
    out[0] = tag
    return write_varint(out + 1, length)


cdef inline void copy(unsigned char *out, const unsigned char *source, uint64_t length) noexcept nogil:
    """`memcpy` without a call for the usual short lengths: two moves that may overlap."""
    if length > 32:
        memcpy(out, source, length)
    elif length >= 16:
        memcpy(out, source, 16)
        memcpy(out + length - 16, source + length - 16, 16)
    elif length >= 8:
        memcpy(out, source, 8)
        memcpy(out + length - 8, source + length - 8, 8)
    else:
        copy_bytes(out, source, length)


cdef inline void copy_bytes(unsigned char *out, const unsigned char *source, uint64_t length) noexcept nogil:
    if length >= 4:
        memcpy(out, source, 4)
        memcpy(out + length - 4, source + length - 4, 4)
    elif length:
        out[0] = source[0]
        out[length - 1] = source[length - 1]
        out[length >> 1] = source[length >> 1]


cdef inline unsigned char *write_span(unsigned char *out, unsigned char tag, Span span) noexcept nogil:
    """Write a bytes field; proto3 leaves an empty one out."""
    if span.length == 0:
        return out
    out = write_head(out, tag, span.length)
    copy(out, span.at, span.length)
    return out + span.length
