"""The header of a binary COPY, read and written.

https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcmp, memcpy

from transforms.codec.cursor cimport Cursor, ahead, take
from transforms.codec.fault cimport Fault, reworded
from transforms.codec.span cimport Span
from transforms.postgres.codec.wire cimport put_32, read_uint32

cdef enum:
    SIGNATURE_SIZE = 11
    HEADER_SIZE = SIGNATURE_SIZE + 8
    # Bits 16 to 31 of the flags change the format; only one, for OIDs, was ever defined.
    CRITICAL_FLAGS = 0xFFFF0000


cdef inline const char* signature() noexcept nogil:
    return b"PGCOPY\n\377\r\n\0"


cdef inline Fault cut_off(Fault fault) noexcept nogil:
    return reworded(fault, b"a message ends inside of a header, row or field, or a size is negative")


cdef inline Fault read_extension(Cursor* cursor) noexcept nogil:
    cdef uint32_t flags = 0, size = 0
    cdef Span extension
    cdef Fault fault = read_uint32(cursor, &flags)
    if not fault:
        fault = read_uint32(cursor, &size)
    if fault:
        return cut_off(fault)
    if flags & CRITICAL_FLAGS:
        return b"the header has a flag that changes the format in a way that is not known"
    return cut_off(take(cursor, size, &extension))


cdef inline Fault read_header(Cursor* cursor) noexcept nogil:
    if ahead(cursor) < SIGNATURE_SIZE or memcmp(cursor.at, signature(), SIGNATURE_SIZE):
        return b"the stream does not begin with the signature of a binary COPY"
    cursor.at += SIGNATURE_SIZE
    return read_extension(cursor)


cdef inline unsigned char* put_header(unsigned char* at) noexcept nogil:
    """Write a header without flags and extension, for which there is room; returns its end."""
    memcpy(at, signature(), SIGNATURE_SIZE)
    return put_32(put_32(at + SIGNATURE_SIZE, 0), 0)
