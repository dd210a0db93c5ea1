"""Varints: groups of 7 bits, the lowest first, the high bit set in every byte but the last.

Avro and protobuf share them (https://protobuf.dev/programming-guides/encoding/#varints). Avro maps signed
numbers to unsigned ones by zig-zag (https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from libc.stdint cimport int64_t, uint64_t

from transforms.codec.cursor cimport Cursor
from transforms.codec.fault cimport CUT_SHORT, FINE, LONG_NUMBER, Fault

# A varint of 64 bits has at most 10 bytes.
cdef enum:
    LONGEST_VARINT = 10


cdef inline uint64_t zigzag(int64_t value) noexcept nogil:
    return (<uint64_t>value << 1) ^ <uint64_t>(value >> 63)


cdef inline int64_t unzigzag(uint64_t value) noexcept nogil:
    return <int64_t>(value >> 1) ^ -<int64_t>(value & 1)


cdef inline size_t varint_size(uint64_t value) noexcept nogil:
    cdef size_t size = 1
    while value >= 0x80:
        value >>= 7
        size += 1
    return size


cdef inline unsigned char* write_varint(unsigned char* at, uint64_t value) noexcept nogil:
    """Write `value`, for which there is room at `at`; returns the end of what was written."""
    while value >= 0x80:
        at[0] = <unsigned char>(value | 0x80)
        value >>= 7
        at += 1
    at[0] = <unsigned char>value
    return at + 1


cdef inline Fault read_long_varint(Cursor* cursor, uint64_t* value) noexcept nogil:
    cdef int shift = 0
    cdef unsigned char group
    value[0] = 0
    while cursor.at < cursor.end:
        group = cursor.at[0]
        cursor.at += 1
        # The tenth byte holds the 64th bit alone.
        if shift == 63 and group > 1:
            return LONG_NUMBER
        value[0] |= <uint64_t>(group & 0x7F) << shift
        if group < 0x80:
            return FINE
        shift += 7
    return CUT_SHORT


cdef inline Fault read_varint(Cursor* cursor, uint64_t* value) noexcept nogil:
    """Read a varint; a fault if it is cut off or passes 64 bits."""
    if cursor.at < cursor.end and cursor.at[0] < 0x80:
        value[0] = cursor.at[0]
        cursor.at += 1
        return FINE
    return read_long_varint(cursor, value)
