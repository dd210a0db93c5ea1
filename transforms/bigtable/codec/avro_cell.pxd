"""The Avro forms of which canonical `BigtableRow` records are made (see `bigtable.avsc`).

A long is a zig-zag varint; bytes and strings are a long with their size and the bytes
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from transforms.avro.bytes_buffer cimport (
    Buffer, Cursor, LONGEST_VARINT, Span, reserve, varint_size, write_varint, zigzag,
)
from transforms.avro.primitives cimport read_bytes, read_long, write_bytes

# The most that the key and the cells of one record may take, but for a larger cell that stands alone.
cdef enum:
    MOST_RECORD_BYTES = 16 << 20


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
