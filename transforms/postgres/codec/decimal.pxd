"""Avro's decimal, written from PostgreSQL's binary numeric and made into it again, or into text.

A decimal of Avro is an unscaled integer, big-endian two's complement of the least length
(https://avro.apache.org/docs/1.12.0/specification/#decimal). Columns with one have at most 38 digits: 128 bits.
"""

cimport cython

from libc.stdint cimport UINT64_MAX, uint16_t, uint64_t
from libc.string cimport memcpy

from transforms.codec.span cimport Span, span
from transforms.postgres.codec.numeric cimport (
    NEGATIVE, NUMERIC_HEAD, POSITIVE, Numeric, Sign, group, group_digits, is_finite, last_weight, tail,
    write_numeric_head,
)
from transforms.postgres.codec.numeric_text cimport Digits, read_digits, write_numeric
from transforms.postgres.codec.plain_text cimport write_digits_before
from transforms.postgres.codec.wire cimport put_16

cdef extern from *:
    """
    typedef __int128 shardkeep_int128;
    typedef unsigned __int128 shardkeep_uint128;
    """
    # Only C needs to know how wide they are: no value of them ever becomes a Python object.
    ctypedef long long int128 "shardkeep_int128"
    ctypedef unsigned long long uint128 "shardkeep_uint128"

cdef enum:
    # 38 digits, a sign and a point, with room to spare.
    MOST_DECIMAL_TEXT = 48


cdef inline uint128 power_of_ten(int exponent) noexcept nogil:
    cdef uint128 power = <uint128>1
    for _ in range(exponent):
        power *= <uint128>10
    return power


cdef inline bint is_decimal(const Numeric* number, int precision, int scale) noexcept nogil:
    """Whether it is a value of numeric(precision, scale) as that column shows it."""
    if not is_finite(number) or number.scale != scale:
        return False
    if not number.count:
        return True
    return 4 * number.weight + group_digits(group(number, number.weight)) + scale <= precision


# As in `is_well_formed` of numeric.pxd: no checks that need the GIL.
@cython.cdivision(True)
cdef inline uint128 unscaled(const Numeric* number) noexcept nogil:
    """The number without its sign times 10 to the power of its scale, for one of at most 38 digits."""
    cdef uint128 value = 0
    cdef int last = last_weight(number.scale)
    cdef int part = tail(number.scale)
    cdef int weight = number.weight
    while weight > last:
        value = value * 10000 + group(number, weight)
        weight -= 1
    # The last group may pass the scale: it is divided first, so that the number stays within 128 bits.
    return value * (10000 // part) + group(number, last) // part if number.count else 0


cdef inline int complement_size(uint128 value) noexcept nogil:
    """The fewest bytes of a two's complement number that hold `value`, which is its own or its complement's."""
    cdef int size = 1
    while value > 127:
        value >>= 8
        size += 1
    return size


cdef inline unsigned char* write_decimal(unsigned char* at, const Numeric* number) noexcept nogil:
    """Write an Avro decimal, with its size: two's complement, big-endian, no needless byte."""
    cdef uint128 value = unscaled(number)
    cdef bint negative = number.sign == NEGATIVE and value != 0
    cdef int size = complement_size(value - 1 if negative else value)
    cdef int i
    if negative:
        value = -value
    at[0] = <unsigned char>(size << 1)
    for i in range(size, 0, -1):
        at[i] = <unsigned char>value
        value >>= 8
    return at + 1 + size


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


cdef inline unsigned char* write_small_numeric(unsigned char* at, uint64_t value, Sign sign, int scale) noexcept nogil:
    """Write the binary numeric of an unscaled number below 2**64 / 1000; returns its end."""
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
    write_numeric_head(at, count, count + dropped - fraction - 1, sign, scale)
    at += NUMERIC_HEAD
    for place in range(count - 1, -1, -1):
        at = put_16(at, groups[place])
    return at


cdef inline unsigned char* write_decimal_numeric(unsigned char* at, int128 value, int scale) noexcept nogil:
    """Write the binary numeric of an unscaled number; returns its end."""
    cdef unsigned char[MOST_DECIMAL_TEXT] text
    cdef uint128 size = magnitude(value)
    cdef Digits digits
    if size < <uint128>(UINT64_MAX // <uint64_t>1000):
        return write_small_numeric(at, <uint64_t>size, NEGATIVE if value < <int128>0 else POSITIVE, scale)
    read_digits(span(&text[0], write_decimal_text(&text[0], value, scale) - &text[0]), &digits)
    return write_numeric(at, &digits)


cdef inline unsigned char* write_unscaled_before(unsigned char* at, uint128 value, int least) noexcept nogil:
    """As `write_digits_before`, of 128 bits: 18 digits at a time, because divisions of 128 bits are slow."""
    cdef const unsigned char* end = at
    cdef uint128 part = <uint128>1000000000000000000
    while value > <uint128>UINT64_MAX:
        at = write_digits_before(at, <uint64_t>(value % part), 18)
        value //= part
    return write_digits_before(at, <uint64_t>value, least - <int>(end - at))


cdef inline unsigned char* write_decimal_text(unsigned char* at, int128 value, int scale) noexcept nogil:
    """Write plain digits with `scale` of them after the point, at most MOST_DECIMAL_TEXT bytes; returns their end."""
    cdef unsigned char[MOST_DECIMAL_TEXT] scratch
    cdef const unsigned char* end = &scratch[0] + MOST_DECIMAL_TEXT
    cdef const unsigned char* start = write_unscaled_before(
        &scratch[0] + MOST_DECIMAL_TEXT, magnitude(value), scale + 1
    )
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
