"""PostgreSQL's binary numeric as an Avro decimal or as the text that its output function writes.

The form is what numeric_send writes, of 16-bit numbers: count of groups, weight of the first group as a
power of 10,000, sign, digits after the point (`dscale`), groups of four decimal digits
(https://github.com/postgres/postgres/blob/REL_18_0/src/backend/utils/adt/numeric.c).
"""

cimport cython

from transforms.codec.span cimport Span
from transforms.postgres.codec.calendar cimport write_digits, write_infinity
from transforms.postgres.codec.wire cimport int16_of, uint16_of

cdef extern from *:
    """
    typedef unsigned __int128 shardkeep_uint128;
    """
    # Only C needs to know how wide it is: no value of it ever becomes a Python object.
    ctypedef unsigned long long uint128 "shardkeep_uint128"

cdef enum Sign:
    POSITIVE = 0x0000
    NEGATIVE = 0x4000
    NOT_A_NUMBER = 0xC000
    PLUS_INFINITY = 0xD000
    MINUS_INFINITY = 0xF000

cdef enum:
    NUMERIC_HEAD = 8
    MOST_SCALE = 0x3FFF

cdef struct Numeric:
    const unsigned char* groups
    int count
    int weight
    int sign
    int scale


cdef inline int group(const Numeric* number, int weight) noexcept nogil:
    """The four digits of 10,000 to the power of `weight`."""
    cdef int place = number.weight - weight
    return uint16_of(number.groups + 2 * place) if 0 <= place < number.count else 0


cdef inline int tail(int scale) noexcept nogil:
    """By what the last group holds more than `scale` digits after the point: 1, 10, 100 or 1,000."""
    cdef int spare = -scale & 3
    return 1 if spare == 0 else 10 if spare == 1 else 100 if spare == 2 else 1000


cdef inline int last_weight(int scale) noexcept nogil:
    return -((scale + 3) >> 2)


cdef inline bint is_finite(const Numeric* number) noexcept nogil:
    return number.sign == POSITIVE or number.sign == NEGATIVE


# No number here is below 0 and no divisor is 0: Python's division would only add checks that need the GIL.
@cython.cdivision(True)
cdef inline bint is_well_formed(const Numeric* number) noexcept nogil:
    """Whether all groups are below 10,000, and no digit but 0 stands behind the scale."""
    cdef int i
    cdef int last = last_weight(number.scale)
    for i in range(number.count):
        if uint16_of(number.groups + 2 * i) > 9999:
            return False
    return number.weight - number.count + 1 >= last and group(number, last) % tail(number.scale) == 0


cdef inline bint trim(Numeric* number) noexcept nogil:
    """Forget groups of zeros at both ends, so that the first group shows the size of the number; always True."""
    while number.count and not uint16_of(number.groups):
        number.groups += 2
        number.count -= 1
        number.weight -= 1
    while number.count and not uint16_of(number.groups + 2 * (number.count - 1)):
        number.count -= 1
    if not number.count:
        number.weight = 0
    return True


cdef inline bint read_numeric(Span field, Numeric* number) noexcept nogil:
    """Read a numeric, whose groups stay in `field`; False if PostgreSQL would not write it."""
    if field.size < NUMERIC_HEAD:
        return False
    number.count = uint16_of(field.data)
    number.weight = int16_of(field.data + 2)
    number.sign = uint16_of(field.data + 4)
    number.scale = uint16_of(field.data + 6)
    number.groups = field.data + NUMERIC_HEAD
    if field.size != NUMERIC_HEAD + 2 * <size_t>number.count:
        return False
    if is_finite(number):
        return number.scale <= MOST_SCALE and trim(number) and is_well_formed(number)
    return number.count == 0 and number.sign in (NOT_A_NUMBER, PLUS_INFINITY, MINUS_INFINITY)


cdef inline int group_digits(int value) noexcept nogil:
    return 1 if value < 10 else 2 if value < 100 else 3 if value < 1000 else 4


cdef inline bint is_decimal(const Numeric* number, int precision, int scale) noexcept nogil:
    """Whether it is a value of numeric(precision, scale) as that column shows it."""
    if not is_finite(number) or number.scale != scale:
        return False
    if not number.count:
        return True
    return 4 * number.weight + group_digits(group(number, number.weight)) + scale <= precision


# As in `is_well_formed`.
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
    # The last group may go past the scale; the number as a whole must not pass 128 bits for that.
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


cdef inline size_t numeric_text_size(const Numeric* number) noexcept nogil:
    """Exactly the size of what `write_numeric_text` writes."""
    if not is_finite(number):
        return 3 if number.sign == NOT_A_NUMBER else 9 if number.sign == MINUS_INFINITY else 8
    cdef size_t size = number.sign == NEGATIVE and number.count > 0
    size += 1 if number.weight < 0 else 4 * number.weight + group_digits(group(number, number.weight))
    return size + 1 + number.scale if number.scale else size


cdef inline unsigned char* write_special(unsigned char* at, int sign) noexcept nogil:
    if sign == NOT_A_NUMBER:
        at[0], at[1], at[2] = c'N', c'a', c'N'
        return at + 3
    cdef unsigned char* end = write_infinity(at, sign == MINUS_INFINITY)
    (end - 8)[0] = c'I'
    return end


cdef inline unsigned char* write_fraction(unsigned char* at, const Numeric* number) noexcept nogil:
    cdef int weight
    cdef unsigned char* end = at + 1 + number.scale
    at[0] = c'.'
    at += 1
    for weight in range(-1, last_weight(number.scale) - 1, -1):
        at = write_digits(at, group(number, weight), 4)
    return end


cdef inline unsigned char* write_numeric_text(unsigned char* at, const Numeric* number) noexcept nogil:
    """Write what numeric_out writes, for which there is room, with 3 bytes to spare; the end of it."""
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
