"""The fields of PostgreSQL's binary format: big-endian numbers, and sizes before bytes.

https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t

from transforms.avro.bytes_buffer cimport Cursor, Span, span


cdef inline uint16_t uint16_of(const unsigned char* at) noexcept nogil:
    return <uint16_t>(at[0] << 8 | at[1])


cdef inline uint32_t uint32_of(const unsigned char* at) noexcept nogil:
    return <uint32_t>at[0] << 24 | <uint32_t>at[1] << 16 | <uint32_t>at[2] << 8 | at[3]


cdef inline uint64_t uint64_of(const unsigned char* at) noexcept nogil:
    return <uint64_t>uint32_of(at) << 32 | uint32_of(at + 4)


cdef inline int16_t int16_of(const unsigned char* at) noexcept nogil:
    return <int16_t>uint16_of(at)


cdef inline int32_t int32_of(const unsigned char* at) noexcept nogil:
    return <int32_t>uint32_of(at)


cdef inline int64_t int64_of(const unsigned char* at) noexcept nogil:
    return <int64_t>uint64_of(at)


cdef inline bint read_int16(Cursor* cursor, int16_t* value) noexcept nogil:
    if cursor.end - cursor.at < 2:
        return False
    value[0] = int16_of(cursor.at)
    cursor.at += 2
    return True


cdef inline bint read_uint32(Cursor* cursor, uint32_t* value) noexcept nogil:
    if cursor.end - cursor.at < 4:
        return False
    value[0] = uint32_of(cursor.at)
    cursor.at += 4
    return True


cdef inline bint read_field(Cursor* cursor, Span* value) noexcept nogil:
    """Read one field of a row, for NULL a span whose `data` is NULL; False if it is malformed or cut off."""
    cdef uint32_t size
    if not read_uint32(cursor, &size):
        return False
    if size == <uint32_t>-1:
        value[0] = span(NULL, 0)
        return True
    if size > <uint64_t>(cursor.end - cursor.at):
        return False
    value[0] = span(cursor.at, size)
    cursor.at += size
    return True
