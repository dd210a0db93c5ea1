"""Avro's primitive values in compiled code: longs, bytes and strings.

A long is a zig-zag varint; bytes and strings are a long with their size and the bytes
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding). In canonical records each varint is of the
shortest form; `read_any_long` and `read_any_bytes` take every form.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from transforms.codec.cursor cimport Cursor, take
from transforms.codec.fault cimport BAD_LENGTH, Fault
from transforms.codec.span cimport Span
from transforms.codec.varint cimport read_varint, unzigzag, write_varint


cdef inline unsigned char* write_bytes(unsigned char* at, Span value) noexcept nogil:
    """Write `value` with its size, for which there is room at `at`; returns the end of what was written."""
    at = write_varint(at, <uint64_t>value.size << 1)
    if value.size:
        memcpy(at, value.data, value.size)
    return at + value.size


cdef inline Fault read_any_long(Cursor* cursor, int64_t* value) noexcept nogil:
    """Read a long; a fault if it is cut off or passes 64 bits."""
    cdef uint64_t raw = 0
    cdef Fault fault = read_varint(cursor, &raw)
    value[0] = unzigzag(raw)
    return fault


cdef inline Fault read_long(Cursor* cursor, int64_t* value) noexcept nogil:
    """Read a long of the shortest form; a fault also if it has a needless last byte."""
    cdef const unsigned char* start = cursor.at
    cdef Fault fault = read_any_long(cursor, value)
    if not fault and cursor.at - start > 1 and (cursor.at - 1)[0] == 0:
        return b"a number is not of its shortest form"
    return fault


cdef inline Fault take_bytes(Cursor* cursor, int64_t size, Span* value) noexcept nogil:
    return BAD_LENGTH if size < 0 else take(cursor, <uint64_t>size, value)


cdef inline Fault read_any_bytes(Cursor* cursor, Span* value) noexcept nogil:
    """Read bytes or a string; a fault if the size is malformed, negative or passes the end."""
    cdef int64_t size
    cdef Fault fault = read_any_long(cursor, &size)
    return fault if fault else take_bytes(cursor, size, value)


cdef inline Fault read_bytes(Cursor* cursor, Span* value) noexcept nogil:
    """Read bytes or a string whose size is of the shortest form."""
    cdef int64_t size
    cdef Fault fault = read_long(cursor, &size)
    return fault if fault else take_bytes(cursor, size, value)
