"""Decimals: Avro's bytes, plain digits, and PostgreSQL's binary numeric.

A decimal of Avro is an unscaled integer, big-endian two's complement of the least length
(https://avro.apache.org/docs/1.12.0/specification/#decimal). A binary numeric is groups of four decimal
digits, aligned to the point: their number, the weight of the first (the power of 10000), the sign, the
number of digits after the point, and the groups, each of 16 bits (`numeric_send` in PostgreSQL's
src/backend/utils/adt/numeric.c).
"""

from libc.stdint cimport UINT64_MAX, int64_t, uint16_t, uint64_t
from libc.string cimport memchr, memcpy

from transforms.codec.span cimport Span, is_word, span
from transforms.postgres.codec.wire cimport put_16

cdef extern from *:
    """
    typedef __int128 shardkeep_int128;
    typedef unsigned __int128 shardkeep_uint128;
    """
    ctypedef long long int128 "shardkeep_int128"
    ctypedef unsigned long long uint128 "shardkeep_uint128"

cdef enum:
    # 38 digits, a sign and a point, with room to spare.
    MOST_DECIMAL_TEXT = 48
    # Of PostgreSQL's numeric: before and after the point (NUMERIC_WEIGHT_MAX, NUMERIC_DSCALE_MAX).
    MOST_WHOLE_DIGITS = 131072
    MOST_FRACTION_DIGITS = 16383
    # The head of a binary numeric is four numbers of 16 bits.
    NUMERIC_HEAD = 8

cdef enum Sign:
    POSITIVE = 0x0000
    NEGATIVE = 0x4000
    NOT_A_NUMBER = 0xC000
    INFINITE = 0xD000
    NEGATIVE_INFINITE = 0xF000

cdef struct Digits:
    Sign sign
    Span whole
    Span fraction


cdef inline uint128 power_of_ten(int exponent) noexcept nogil:
    cdef uint128 power = <uint128>1
    for _ in range(exponent):
        power *= <uint128>10
    return power


cdef inline bint is_minimal(Span integer) noexcept nogil:
    """Whether a two's complement has no byte that only repeats its sign."""
    cdef unsigned char first
    if integer.size < 2:
        return integer.size == 1
    first = integer.data[0]
    return not (first == 0x00 and integer.data[1] < 0x80) and not (first == 0xFF and integer.data[1] >= 0x80)


cdef inline int128 integer_of(Span integer) noexcept nogil:
    """The number of 1 to 16 bytes of two's complement."""
    cdef uint128 bits = <uint128>0
    cdef size_t place
    if integer.data[0] >= 0x80:
        bits = ~bits
    for place in range(integer.size):
        bits = (bits << 8) | <uint128>integer.data[place]
    return <int128>bits


cdef inline uint128 magnitude(int128 value) noexcept nogil:
    return <uint128>0 - <uint128>value if value < <int128>0 else <uint128>value


cdef inline unsigned char* put_backwards(unsigned char* at, uint64_t value, int least) noexcept nogil:
    """Write digits in front of `at`, at least `least` of them; where they begin."""
    cdef const unsigned char* end = at
    while value or end - at < least:
        at -= 1
        at[0] = <unsigned char>(c'0' + value % <uint64_t>10)
        value //= <uint64_t>10
    return at


cdef inline unsigned char* put_unscaled(unsigned char* at, uint128 value, int least) noexcept nogil:
    """The same of 128 bits: 18 digits at a time, because divisions of 128 bits are slow."""
    cdef const unsigned char* end = at
    cdef uint128 part = <uint128>1000000000000000000
    while value > <uint128>UINT64_MAX:
        at = put_backwards(at, <uint64_t>(value % part), 18)
        value //= part
    return put_backwards(at, <uint64_t>value, least - <int>(end - at))


cdef inline unsigned char* put_decimal(unsigned char* at, int128 value, int scale) noexcept nogil:
    """Write plain digits with `scale` of them after the point, at most MOST_DECIMAL_TEXT bytes; their end."""
    cdef unsigned char[MOST_DECIMAL_TEXT] scratch
    cdef const unsigned char* end = &scratch[0] + MOST_DECIMAL_TEXT
    cdef const unsigned char* start = put_unscaled(&scratch[0] + MOST_DECIMAL_TEXT, magnitude(value), scale + 1)
    cdef size_t whole = end - start - scale
    if value < <int128>0:
        at[0] = c'-'
        at += 1
    memcpy(at, start, whole)
    at += whole
    if scale:
        at[0] = c'.'
        memcpy(at + 1, end - scale, scale)
        at += 1 + scale
    return at


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


cdef inline bint is_special(Span text, Digits* digits) noexcept nogil:
    digits.whole = digits.fraction = span(NULL, 0)
    if is_word(text, b"NaN"):
        digits.sign = NOT_A_NUMBER
    elif is_word(text, b"Infinity"):
        digits.sign = INFINITE
    elif is_word(text, b"-Infinity"):
        digits.sign = NEGATIVE_INFINITE
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
        and digits.fraction.size <= MOST_FRACTION_DIGITS
        and all_digits(digits.whole)
        and all_digits(digits.fraction)
        and (digits.whole.size == 1 or digits.whole.data[0] != c'0')
        # There is no negative zero.
        and (digits.sign == POSITIVE or not all_zeros(digits.whole) or not all_zeros(digits.fraction))
    )


cdef inline bint fits(const Digits* digits, int precision, int scale) noexcept nogil:
    """Whether a decimal of that precision and scale holds the number with just its digits."""
    cdef size_t whole = 0 if digits.whole.size == 1 and digits.whole.data[0] == c'0' else digits.whole.size
    return digits.sign <= NEGATIVE and digits.fraction.size == <size_t>scale and whole <= <size_t>(precision - scale)


cdef inline void put_head(unsigned char* at, int64_t count, int64_t weight, Sign sign, int64_t scale) noexcept nogil:
    at = put_16(at, <uint16_t>count)
    at = put_16(at, <uint16_t>(weight if count else 0))
    at = put_16(at, <uint16_t>sign)
    put_16(at, <uint16_t>scale)


cdef inline int digit_at(const Digits* digits, int64_t place) noexcept nogil:
    """The digit at a place counted from the point: 0 is the first one after it; 0 where there is none."""
    cdef const Span* part = &digits.whole if place < 0 else &digits.fraction
    if place < 0:
        place += <int64_t>digits.whole.size
    return part.data[place] - c'0' if 0 <= place < <int64_t>part.size else 0


cdef inline uint16_t group_at(const Digits* digits, int64_t group) noexcept nogil:
    cdef int value = 0
    cdef int64_t place
    for place in range(4 * group, 4 * group + 4):
        value = 10 * value + digit_at(digits, place)
    return <uint16_t>value


cdef inline unsigned char* put_numeric(unsigned char* at, const Digits* digits) noexcept nogil:
    """Write a binary numeric; its end."""
    cdef int64_t first = -((<int64_t>digits.whole.size + 3) >> 2)
    cdef int64_t last = (<int64_t>digits.fraction.size + 3) >> 2
    cdef int64_t group
    cdef unsigned char* to = at + NUMERIC_HEAD
    while first < last and group_at(digits, first) == 0:
        first += 1
    while first < last and group_at(digits, last - 1) == 0:
        last -= 1
    for group in range(first, last):
        to = put_16(to, group_at(digits, group))
    put_head(at, last - first, -first - 1, digits.sign, digits.fraction.size)
    return to


cdef inline unsigned char* put_small(unsigned char* at, uint64_t value, Sign sign, int scale) noexcept nogil:
    """Write the binary numeric of an unscaled number below 2**64 / 1000; its end."""
    cdef uint16_t[6] groups
    cdef int count = 0, dropped = 0, place
    cdef int fraction = (scale + 3) >> 2
    for _ in range(4 * fraction - scale):
        value *= <uint64_t>10
    while value and value % <uint64_t>10000 == 0:
        value //= <uint64_t>10000
        dropped += 1
    while value:
        groups[count] = <uint16_t>(value % <uint64_t>10000)
        value //= <uint64_t>10000
        count += 1
    put_head(at, count, count + dropped - fraction - 1, sign, scale)
    at += NUMERIC_HEAD
    for place in range(count - 1, -1, -1):
        at = put_16(at, groups[place])
    return at


cdef inline unsigned char* put_integer(unsigned char* at, int128 value, int scale) noexcept nogil:
    """Write the binary numeric of an unscaled number; its end."""
    cdef unsigned char[MOST_DECIMAL_TEXT] text
    cdef uint128 size = magnitude(value)
    cdef Digits digits
    if size < <uint128>(UINT64_MAX // <uint64_t>1000):
        return put_small(at, <uint64_t>size, NEGATIVE if value < <int128>0 else POSITIVE, scale)
    read_digits(span(&text[0], put_decimal(&text[0], value, scale) - &text[0]), &digits)
    return put_numeric(at, &digits)
