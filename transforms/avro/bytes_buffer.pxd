"""Runs of bytes without Python objects: a view, a reading position, a growable buffer, and varints.

Varints are groups of 7 bits, the lowest first, the high bit set in every byte but the last; Avro and
protobuf share them (https://protobuf.dev/programming-guides/encoding/#varints). Avro maps signed
numbers to unsigned ones by zig-zag (https://avro.apache.org/docs/1.12.0/specification/).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy

# A varint of 64 bits has at most 10 bytes.
cdef enum:
    LONGEST_VARINT = 10

cdef struct Span:
    const unsigned char* data
    size_t size

cdef struct Cursor:
    const unsigned char* at
    const unsigned char* end

cdef struct Buffer:
    unsigned char* data
    size_t size
    size_t capacity


cdef inline Span span(const unsigned char* data, size_t size) noexcept nogil:
    cdef Span found
    found.data = data
    found.size = size
    return found


cdef inline Span content(const Buffer* buffer) noexcept nogil:
    return span(buffer.data, buffer.size)


cdef inline int compare(Span left, Span right) noexcept nogil:
    """Negative, 0 or positive as `left` sorts before, with or after `right`, byte by byte."""
    cdef size_t common = min(left.size, right.size)
    cdef int order = memcmp(left.data, right.data, common) if common else 0
    return order if order else (left.size > right.size) - (left.size < right.size)


cdef inline bint same(Span left, Span right) noexcept nogil:
    return left.size == right.size and (not left.size or memcmp(left.data, right.data, left.size) == 0)


cdef inline bint grow(Buffer* buffer, size_t more) noexcept nogil:
    cdef size_t capacity = max(buffer.size + more, buffer.capacity + (buffer.capacity >> 1), <size_t>256)
    cdef void* data = realloc(buffer.data, capacity)
    if data == NULL:
        return False
    buffer.data = <unsigned char*>data
    buffer.capacity = capacity
    return True


cdef inline bint reserve(Buffer* buffer, size_t more) noexcept nogil:
    """Make room for `more` bytes; False if there is no memory."""
    return True if more <= buffer.capacity - buffer.size else grow(buffer, more)


cdef inline bint append(Buffer* buffer, Span more) noexcept nogil:
    """Add the bytes of `more`, which are not in `buffer`; False if there is no memory."""
    if not reserve(buffer, more.size):
        return False
    if more.size:
        memcpy(buffer.data + buffer.size, more.data, more.size)
    buffer.size += more.size
    return True


cdef inline void release(Buffer* buffer) noexcept nogil:
    free(buffer.data)
    buffer.data = NULL
    buffer.size = buffer.capacity = 0


cdef inline void clear(Buffer* buffer, size_t most) noexcept nogil:
    """Forget the content, and give the memory back if it is more than `most` bytes."""
    buffer.size = 0
    if buffer.capacity > most:
        release(buffer)


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
    """Write `value`, for which there is room at `at`; the end of what is written."""
    while value >= 0x80:
        at[0] = <unsigned char>(value | 0x80)
        value >>= 7
        at += 1
    at[0] = <unsigned char>value
    return at + 1


cdef inline bint read_long_varint(Cursor* cursor, uint64_t* value) noexcept nogil:
    cdef int shift = 0
    cdef unsigned char group
    value[0] = 0
    while cursor.at < cursor.end:
        group = cursor.at[0]
        cursor.at += 1
        # The tenth byte holds the 64th bit alone.
        if shift == 63 and group > 1:
            return False
        value[0] |= <uint64_t>(group & 0x7F) << shift
        if group < 0x80:
            return True
        shift += 7
    return False


cdef inline bint read_varint(Cursor* cursor, uint64_t* value) noexcept nogil:
    """Read a varint; False if it is cut off or passes 64 bits."""
    if cursor.at < cursor.end and cursor.at[0] < 0x80:
        value[0] = cursor.at[0]
        cursor.at += 1
        return True
    return read_long_varint(cursor, value)
