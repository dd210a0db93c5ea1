"""The fields of PostgreSQL's binary format, read and written: big-endian numbers, and sizes before bytes.

https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t

from transforms.codec.cursor cimport Cursor, take
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span, span


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


cdef inline unsigned char* put_16(unsigned char* at, uint16_t value) noexcept nogil:
    at[0] = <unsigned char>(value >> 8)
    at[1] = <unsigned char>value
    return at + 2


cdef inline unsigned char* put_32(unsigned char* at, uint32_t value) noexcept nogil:
    return put_16(put_16(at, <uint16_t>(value >> 16)), <uint16_t>value)


cdef inline unsigned char* put_64(unsigned char* at, uint64_t value) noexcept nogil:
    return put_32(put_32(at, <uint32_t>(value >> 32)), <uint32_t>value)


cdef inline Fault read_int16(Cursor* cursor, int16_t* value) noexcept nogil:
    cdef Span number
    cdef Fault fault = take(cursor, 2, &number)
    if not fault:
        value[0] = int16_of(number.data)
    return fault


cdef inline Fault read_uint32(Cursor* cursor, uint32_t* value) noexcept nogil:
    cdef Span number
    cdef Fault fault = take(cursor, 4, &number)
    if not fault:
        value[0] = uint32_of(number.data)
    return fault


cdef inline Fault read_field(Cursor* cursor, Span* value) noexcept nogil:
    """Read one field of a row, for NULL a span whose `data` is NULL; a fault if it is malformed or cut off."""
    cdef uint32_t size = 0
    cdef Fault fault = read_uint32(cursor, &size)
    if fault:
        return fault
    if size == <uint32_t>-1:
        value[0] = span(NULL, 0)
        return FINE
    return take(cursor, size, value)
