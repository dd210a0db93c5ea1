"""Avro's primitive values in compiled code: longs, bytes and strings.

A long is a zig-zag varint; bytes and strings are a long with their size and the bytes
(https://avro.apache.org/docs/1.12.0/specification/#binary-encoding).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from transforms.avro.bytes_buffer cimport Cursor, Span, read_varint, span, unzigzag, write_varint


cdef inline unsigned char* write_bytes(unsigned char* at, Span value) noexcept nogil:
    """Write `value` with its size, for which there is room at `at`; the end of what is written."""
    at = write_varint(at, <uint64_t>value.size << 1)
    if value.size:
        memcpy(at, value.data, value.size)
    return at + value.size


cdef inline bint read_long(Cursor* cursor, int64_t* value) noexcept nogil:
    """Read a long; False if it is cut off, passes 64 bits or has a needless last byte."""
    cdef const unsigned char* start = cursor.at
    cdef uint64_t raw
    if not read_varint(cursor, &raw):
        return False
    value[0] = unzigzag(raw)
    return cursor.at - start == 1 or (cursor.at - 1)[0] != 0


cdef inline bint read_bytes(Cursor* cursor, Span* value) noexcept nogil:
    """Read bytes or a string; False if the size is malformed, negative or passes the end."""
    cdef int64_t size
    if not read_long(cursor, &size) or size < 0 or size > cursor.end - cursor.at:
        return False
    value[0] = span(cursor.at, <size_t>size)
    cursor.at += size
    return True


cdef inline bint is_utf8(Span text) noexcept nogil:
    """Whether `text` is well-formed UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF."""
    cdef const unsigned char* at = text.data
    cdef const unsigned char* end = text.data + text.size
    cdef int more
    cdef unsigned char low, high
    while at < end:
        low, high = 0x80, 0xBF
        if at[0] < 0x80:
            more = 0
        elif 0xC2 <= at[0] <= 0xDF:
            more = 1
        elif 0xE0 <= at[0] <= 0xEF:
            more = 2
            low = 0xA0 if at[0] == 0xE0 else 0x80
            high = 0x9F if at[0] == 0xED else 0xBF
        elif 0xF0 <= at[0] <= 0xF4:
            more = 3
            low = 0x90 if at[0] == 0xF0 else 0x80
            high = 0x8F if at[0] == 0xF4 else 0xBF
        else:
            return False
        at += 1
        # Only the byte after the first has a narrower range.
        while more:
            if at == end or not low <= at[0] <= high:
                return False
            low, high = 0x80, 0xBF
            at += 1
            more -= 1
    return True
