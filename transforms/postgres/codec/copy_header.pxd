"""The header of a binary COPY, and what may be wrong with a stream of it.

https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp

from transforms.avro.bytes_buffer cimport Cursor
from transforms.postgres.codec.wire cimport read_uint32

cdef enum:
    SIGNATURE_SIZE = 11
    # Bits 16 to 31 of the flags change the format; only one, for OIDs, was ever given out.
    CRITICAL_FLAGS = 0xFFFF0000

cdef enum Outcome:
    GOING_ON
    TRAILER_SEEN
    NO_MEMORY
    NO_SIGNATURE
    UNKNOWN_FLAGS
    CUT_OFF
    WRONG_COUNT
    BAD_TID
    TID_ORDER
    BAD_VALUE
    AFTER_TRAILER


cdef inline Outcome take_header(Cursor* cursor) noexcept nogil:
    cdef uint32_t flags, size
    if cursor.end - cursor.at < SIGNATURE_SIZE or memcmp(cursor.at, b"PGCOPY\n\377\r\n\0", SIGNATURE_SIZE):
        return NO_SIGNATURE
    cursor.at += SIGNATURE_SIZE
    if not read_uint32(cursor, &flags) or not read_uint32(cursor, &size):
        return CUT_OFF
    if flags & CRITICAL_FLAGS:
        return UNKNOWN_FLAGS
    if size > <uint64_t>(cursor.end - cursor.at):
        return CUT_OFF
    cursor.at += size
    return GOING_ON
