"""The Avro forms of which canonical `BigtableRow` records are made (see `bigtable.avsc`).

A long is a zig-zag varint; bytes and strings are a long with their size and the bytes
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from transforms.avro.primitives cimport read_bytes, read_long, write_bytes
from transforms.codec.buffer cimport Buffer, reserve
from transforms.codec.cursor cimport Cursor
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span
from transforms.codec.varint cimport LONGEST_VARINT, varint_size, write_varint, zigzag

# The most that the key and the cells of one record may take, but for a larger cell alone in its record.
cdef enum:
    MOST_RECORD_BYTES = 16 << 20


cdef inline Fault skip_cell(Cursor* cursor) noexcept nogil:
    cdef Span field
    cdef int64_t timestamp
    cdef Fault fault = read_bytes(cursor, &field)
    if not fault:
        fault = read_bytes(cursor, &field)
    if not fault:
        fault = read_long(cursor, &timestamp)
    return fault if fault else read_bytes(cursor, &field)


cdef inline size_t key_field_size(Span key) noexcept nogil:
    return varint_size(<uint64_t>key.size << 1) + key.size


cdef inline Fault put_record(Buffer* records, Span key, Span cells, int64_t count) noexcept nogil:
    """Append a record of `count` encoded cells as one array block."""
    cdef unsigned char* at
    cdef Fault fault = reserve(records, key.size + cells.size + 2 * LONGEST_VARINT + 1)
    if fault:
        return fault
    at = write_bytes(records.data + records.size, key)
    at = write_varint(at, zigzag(count))
    memcpy(at, cells.data, cells.size)
    at[cells.size] = 0
    records.size = at + cells.size + 1 - records.data
    return FINE
