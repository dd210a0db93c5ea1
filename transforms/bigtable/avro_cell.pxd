"""The Avro forms of which canonical `BigtableRow` records are made (see `bigtable.avsc`).

A long is a zig-zag varint; bytes and strings are a long with their size and the bytes
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from transforms.bigtable.bytes_buffer cimport (
    Buffer, Cursor, LONGEST_VARINT, Span, read_varint, reserve, span, unzigzag, varint_size, write_varint, zigzag,
)

# The most that the key and the cells of one record may take, but for a larger cell that stands alone.
cdef enum:
    MOST_RECORD_BYTES = 16 << 20


cdef inline unsigned char* write_bytes(unsigned char* at, Span value) noexcept nogil:
    """Write `value` with its size, for which there is room at `at`; the end of what is written."""
    at = write_varint(at, <uint64_t>value.size << 1)
    if value.size:
        memcpy(at, value.data, value.size)
    return at + value.size


cdef inline bint read_long(Cursor* cursor, int64_t* value) noexcept nogil:
    """Read a long; False if it is cut off, passes 64 bits or has a needless last byte."""
    cdef const unsigned char* start = cursor.at
    cdef uint64_t raw
    if not read_varint(cursor, &raw):
        return False
    value[0] = unzigzag(raw)
    return cursor.at - start == 1 or (cursor.at - 1)[0] != 0


cdef inline bint read_bytes(Cursor* cursor, Span* value) noexcept nogil:
    """Read bytes or a string; False if the size is malformed, negative or passes the end."""
    cdef int64_t size
    if not read_long(cursor, &size) or size < 0 or size > cursor.end - cursor.at:
        return False
    value[0] = span(cursor.at, <size_t>size)
    cursor.at += size
    return True


cdef inline bint skip_cell(Cursor* cursor) noexcept nogil:
    cdef Span field
    cdef int64_t timestamp
    return (
        read_bytes(cursor, &field)
        and read_bytes(cursor, &field)
        and read_long(cursor, &timestamp)
        and read_bytes(cursor, &field)
    )


cdef inline size_t key_field_size(Span key) noexcept nogil:
    return varint_size(<uint64_t>key.size << 1) + key.size


cdef inline bint put_record(Buffer* records, Span key, Span cells, int64_t count) noexcept nogil:
    """Append a record of `count` encoded cells as one array block; False if there is no memory."""
    cdef unsigned char* at
    if not reserve(records, key.size + cells.size + 2 * LONGEST_VARINT + 1):
        return False
    at = write_bytes(records.data + records.size, key)
    at = write_varint(at, zigzag(count))
    memcpy(at, cells.data, cells.size)
    at[cells.size] = 0
    records.size = at + cells.size + 1 - records.data
    return True


cdef inline bint is_utf8(Span text) noexcept nogil:
    """Whether `text` is well-formed UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF."""
    cdef const unsigned char* at = text.data
    cdef const unsigned char* end = text.data + text.size
    cdef int more
    cdef unsigned char low, high
    while at < end:
        low, high = 0x80, 0xBF
        if at[0] < 0x80:
            more = 0
        elif 0xC2 <= at[0] <= 0xDF:
            more = 1
        elif 0xE0 <= at[0] <= 0xEF:
            more = 2
            low = 0xA0 if at[0] == 0xE0 else 0x80
            high = 0x9F if at[0] == 0xED else 0xBF
        elif 0xF0 <= at[0] <= 0xF4:
            more = 3
            low = 0x90 if at[0] == 0xF0 else 0x80
            high = 0x8F if at[0] == 0xF4 else 0xBF
        else:
            return False
        at += 1
        # Only the byte after the first has a narrower range.
        while more:
            if at == end or not low <= at[0] <= high:
                return False
            low, high = 0x80, 0xBF
            at += 1
            more -= 1
    return True
