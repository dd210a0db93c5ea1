"""A position in bytes and their end, past which nothing is read."""

from libc.stdint cimport uint64_t

from transforms.codec.fault cimport CUT_SHORT, FINE, Fault
from transforms.codec.span cimport Span, span

cdef struct Cursor:
    const unsigned char* at
    const unsigned char* end


cdef inline Cursor inside(Span content) noexcept nogil:
    cdef Cursor cursor
    cursor.at = content.data
    cursor.end = content.data + content.size
    return cursor


cdef inline bint at_end(const Cursor* cursor) noexcept nogil:
    return cursor.at == cursor.end


cdef inline size_t ahead(const Cursor* cursor) noexcept nogil:
    """Number of bytes left."""
    return cursor.end - cursor.at


cdef inline Fault take(Cursor* cursor, uint64_t size, Span* taken) noexcept nogil:
    """Read `size` bytes; a fault, and the cursor stays, if there are fewer."""
    if size > ahead(cursor):
        return CUT_SHORT
    taken[0] = span(cursor.at, <size_t>size)
    cursor.at += size
    return FINE
