"""The wire form of protobuf messages: https://protobuf.dev/programming-guides/encoding/.

A tag is the field's number shifted left by three bits, and the wire type. Groups, which proto3 cannot send,
count as malformed.
"""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from transforms.codec.cursor cimport Cursor, take
from transforms.codec.fault cimport BAD_FIELD, Fault, unless
from transforms.codec.span cimport Span
from transforms.codec.varint cimport read_varint, varint_size, write_varint

cdef enum WireType:
    VARINT = 0
    FIXED64 = 1
    LENGTH = 2
    FIXED32 = 5


cdef inline Fault read_tag(Cursor* cursor, uint64_t* tag) noexcept nogil:
    """Read the tag of a field, whose number is at least 1 and whose tag is of 32 bits."""
    cdef Fault fault = read_varint(cursor, tag)
    return fault if fault else unless(8 <= tag[0] < <uint64_t>1 << 32, BAD_FIELD)


cdef inline Fault read_field(Cursor* cursor, Span* value) noexcept nogil:
    """Read the size and the bytes of a field of wire type LENGTH."""
    cdef uint64_t size = 0
    cdef Fault fault = read_varint(cursor, &size)
    return fault if fault else take(cursor, size, value)


cdef inline Fault skip_field(Cursor* cursor, uint64_t tag) noexcept nogil:
    """Skip the value of a field that is not needed."""
    cdef Span ignored
    cdef uint64_t number
    cdef uint64_t wire_type = tag & 7
    if wire_type == VARINT:
        return read_varint(cursor, &number)
    if wire_type == LENGTH:
        return read_field(cursor, &ignored)
    if wire_type == FIXED64:
        return take(cursor, 8, &ignored)
    return take(cursor, 4, &ignored) if wire_type == FIXED32 else BAD_FIELD


cdef inline uint64_t field_size(uint64_t size) noexcept nogil:
    """Size of a field of wire type LENGTH with a tag of one byte."""
    return 1 + varint_size(size) + size


cdef inline unsigned char* write_head(unsigned char* at, unsigned char tag, uint64_t size) noexcept nogil:
    at[0] = tag
    return write_varint(at + 1, size)


cdef inline void copy(unsigned char* at, const unsigned char* source, uint64_t size) noexcept nogil:
    """`memcpy` without a call for the usual short sizes: two moves that may overlap."""
    if size > 32:
        memcpy(at, source, size)
    elif size >= 16:
        memcpy(at, source, 16)
        memcpy(at + size - 16, source + size - 16, 16)
    elif size >= 8:
        memcpy(at, source, 8)
        memcpy(at + size - 8, source + size - 8, 8)
    else:
        copy_few(at, source, size)


cdef inline void copy_few(unsigned char* at, const unsigned char* source, uint64_t size) noexcept nogil:
    if size >= 4:
        memcpy(at, source, 4)
        memcpy(at + size - 4, source + size - 4, 4)
    elif size:
        at[0] = source[0]
        at[size - 1] = source[size - 1]
        at[size >> 1] = source[size >> 1]


cdef inline unsigned char* write_field(unsigned char* at, unsigned char tag, Span value) noexcept nogil:
    """Write a field of bytes or text; proto3 leaves an empty one out."""
    if value.size == 0:
        return at
    at = write_head(at, tag, value.size)
    copy(at, value.data, value.size)
    return at + value.size
