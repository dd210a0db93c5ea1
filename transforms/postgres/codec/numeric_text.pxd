"""The text of a numeric, written from its binary form and made into it again.

The text is that of `numeric_out` of PostgreSQL's src/backend/utils/adt/numeric.c, to the letter; what it would not
write is not read.
"""

from libc.stdint cimport int64_t, uint16_t
from libc.string cimport memchr

from transforms.codec.span cimport Span, is_word, span
from transforms.postgres.codec.numeric cimport (
    MINUS_INFINITY, MOST_SCALE, NEGATIVE, NOT_A_NUMBER, NUMERIC_HEAD, PLUS_INFINITY, POSITIVE, Numeric, Sign, group,
    group_digits, is_finite, last_weight, write_numeric_head,
)
from transforms.postgres.codec.plain_text cimport all_digits, all_zeros, write_digits, write_word
from transforms.postgres.codec.wire cimport put_16

cdef enum:
    # Of PostgreSQL's numeric, before the point: four for each of NUMERIC_WEIGHT_MAX + 1 groups.
    MOST_WHOLE_DIGITS = 131072
    # Bytes that `write_numeric_text` may write after the text, as it writes whole groups.
    SPARE_BYTES = 3

cdef struct Digits:
    Sign sign
    Span whole
    Span fraction


cdef inline size_t numeric_text_size(const Numeric* number) noexcept nogil:
    """Exactly the size of what `write_numeric_text` writes."""
    if not is_finite(number):
        return 3 if number.sign == NOT_A_NUMBER else 9 if number.sign == MINUS_INFINITY else 8
    cdef size_t size = number.sign == NEGATIVE and number.count > 0
    size += 1 if number.weight < 0 else 4 * number.weight + group_digits(group(number, number.weight))
    return size + 1 + number.scale if number.scale else size


cdef inline unsigned char* write_special(unsigned char* at, int sign) noexcept nogil:
    if sign == NOT_A_NUMBER:
        return write_word(at, b"NaN")
    return write_word(at, b"-Infinity" if sign == MINUS_INFINITY else b"Infinity")


cdef inline unsigned char* write_fraction(unsigned char* at, const Numeric* number) noexcept nogil:
    cdef int weight
    cdef unsigned char* end = at + 1 + number.scale
    at[0] = c'.'
    at += 1
    for weight in range(-1, last_weight(number.scale) - 1, -1):
        at = write_digits(at, group(number, weight), 4)
    return end


cdef inline unsigned char* write_numeric_text(unsigned char* at, const Numeric* number) noexcept nogil:
    """Write what numeric_out writes, for which there is room and SPARE_BYTES more; returns the end."""
    cdef int weight
    if not is_finite(number):
        return write_special(at, number.sign)
    if number.sign == NEGATIVE and number.count:
        at[0] = c'-'
        at += 1
    at = write_digits(at, group(number, max(number.weight, 0)), 1)
    for weight in range(number.weight - 1, -1, -1):
        at = write_digits(at, group(number, weight), 4)
    return write_fraction(at, number) if number.scale else at


cdef inline bint is_special(Span text, Digits* digits) noexcept nogil:
    digits.whole = digits.fraction = span(NULL, 0)
    if is_word(text, b"NaN"):
        digits.sign = NOT_A_NUMBER
    elif is_word(text, b"Infinity"):
        digits.sign = PLUS_INFINITY
    elif is_word(text, b"-Infinity"):
        digits.sign = MINUS_INFINITY
    else:
        return False
    return True


cdef inline bint split_point(Span text, Digits* digits) noexcept nogil:
    """Cut plain digits at their point; False if there is a point and no digit after it."""
    cdef const unsigned char* point = <const unsigned char*>memchr(text.data, c'.', text.size) if text.size else NULL
    digits.whole = span(text.data, point - text.data if point else text.size)
    digits.fraction = span(point + 1, text.size - digits.whole.size - 1) if point else span(NULL, 0)
    return point == NULL or digits.fraction.size > 0


cdef inline bint read_digits(Span text, Digits* digits) noexcept nogil:
    """Read the text of a numeric; False if it is not what PostgreSQL writes of one."""
    if is_special(text, digits):
        return True
    digits.sign = NEGATIVE if text.size and text.data[0] == c'-' else POSITIVE
    if digits.sign == NEGATIVE:
        text = span(text.data + 1, text.size - 1)
    return (
        split_point(text, digits)
        and 1 <= digits.whole.size <= MOST_WHOLE_DIGITS
        and digits.fraction.size <= MOST_SCALE
        and all_digits(digits.whole)
        and all_digits(digits.fraction)
        and (digits.whole.size == 1 or digits.whole.data[0] != c'0')
        # There is no negative zero.
        and (digits.sign == POSITIVE or not all_zeros(digits.whole) or not all_zeros(digits.fraction))
    )


cdef inline bint fits(const Digits* digits, int precision, int scale) noexcept nogil:
    """Whether a decimal of that precision and scale holds the number with exactly its digits."""
    cdef size_t whole = 0 if digits.whole.size == 1 and digits.whole.data[0] == c'0' else digits.whole.size
    return digits.sign <= NEGATIVE and digits.fraction.size == <size_t>scale and whole <= <size_t>(precision - scale)


cdef inline int digit_at(const Digits* digits, int64_t place) noexcept nogil:
    """The digit at a place counted from the point, where 0 is the first after it; 0 if there is no such digit."""
    cdef const Span* part = &digits.whole if place < 0 else &digits.fraction
    if place < 0:
        place += <int64_t>digits.whole.size
    return part.data[place] - c'0' if 0 <= place < <int64_t>part.size else 0


cdef inline uint16_t group_at(const Digits* digits, int64_t index) noexcept nogil:
    cdef int value = 0
    cdef int64_t place
    for place in range(4 * index, 4 * index + 4):
        value = 10 * value + digit_at(digits, place)
    return <uint16_t>value


cdef inline unsigned char* write_numeric(unsigned char* at, const Digits* digits) noexcept nogil:
    """Write a binary numeric; returns its end."""
    cdef int64_t first = -((<int64_t>digits.whole.size + 3) >> 2)
    cdef int64_t last = (<int64_t>digits.fraction.size + 3) >> 2
    cdef int64_t index
    cdef unsigned char* to = at + NUMERIC_HEAD
    while first < last and group_at(digits, first) == 0:
        first += 1
    while first < last and group_at(digits, last - 1) == 0:
        last -= 1
    for index in range(first, last):
        to = put_16(to, group_at(digits, index))
    write_numeric_head(at, last - first, -first - 1, digits.sign, digits.fraction.size)
    return to
