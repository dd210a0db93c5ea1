"""Words and decimal digits, written and read.

What writes gives returns the end of what was written, for which there is room at `at`.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp, memcpy, strlen

from transforms.codec.cursor cimport Cursor, ahead
from transforms.codec.span cimport Span


cdef inline unsigned char* write_word(unsigned char* at, const char* word) noexcept nogil:
    memcpy(at, word, strlen(word))
    return at + strlen(word)


cdef inline unsigned char* write_digits(unsigned char* at, uint64_t value, int least) noexcept nogil:
    """Write `value` in decimal, with zeros in front up to `least` digits; returns the end of what was written."""
    cdef unsigned char digits[20]
    cdef int size = 0
    while value or size < least:
        size += 1
        digits[20 - size] = <unsigned char>(c'0' + value % 10)
        value //= 10
    memcpy(at, digits + 20 - size, size)
    return at + size


cdef inline unsigned char* write_digits_before(unsigned char* at, uint64_t value, int least) noexcept nogil:
    """Write at least `least` digits that end at `at`; returns where they begin."""
    cdef const unsigned char* end = at
    while value or end - at < least:
        at -= 1
        at[0] = <unsigned char>(c'0' + value % <uint64_t>10)
        value //= <uint64_t>10
    return at


cdef inline bint take_literal(Cursor* cursor, const char* literal) noexcept nogil:
    cdef size_t size = strlen(literal)
    if ahead(cursor) < size or memcmp(cursor.at, literal, size):
        return False
    cursor.at += size
    return True


cdef inline bint take_digits(Cursor* cursor, int count, int64_t* value) noexcept nogil:
    """Read `count` digits exactly, at most 18."""
    value[0] = 0
    if cursor.end - cursor.at < count:
        return False
    for _ in range(count):
        if not c'0' <= cursor.at[0] <= c'9':
            return False
        value[0] = 10 * value[0] + (cursor.at[0] - c'0')
        cursor.at += 1
    return True


cdef inline int digits_ahead(Cursor cursor) noexcept nogil:
    cdef const unsigned char* start = cursor.at
    while cursor.at < cursor.end and c'0' <= cursor.at[0] <= c'9':
        cursor.at += 1
    return <int>min(cursor.at - start, <int64_t>18)


cdef inline bint all_digits(Span text) noexcept nogil:
    cdef size_t place
    for place in range(text.size):
        if not c'0' <= text.data[place] <= c'9':
            return False
    return True


cdef inline bint all_zeros(Span text) noexcept nogil:
    cdef size_t place
    for place in range(text.size):
        if text.data[place] != c'0':
            return False
    return True
