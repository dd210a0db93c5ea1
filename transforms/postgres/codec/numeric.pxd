"""PostgreSQL's binary numeric, and how its parts are read and written.

16-bit numbers: count of groups, weight of the first group as a power of 10,000, sign, digits after the point
(`dscale`), and the groups, each of four decimal digits: `numeric_send` and `numeric_recv` of
https://github.com/postgres/postgres/blob/REL_18_0/src/backend/utils/adt/numeric.c. Its text is in
`numeric_text.pxd`, Avro's decimal in `decimal.pxd`.
"""

cimport cython

from libc.stdint cimport int64_t, uint16_t

from transforms.codec.span cimport Span
from transforms.postgres.codec.wire cimport int16_of, put_16, uint16_of

cdef enum Sign:
    POSITIVE = 0x0000
    NEGATIVE = 0x4000
    NOT_A_NUMBER = 0xC000
    PLUS_INFINITY = 0xD000
    MINUS_INFINITY = 0xF000

cdef enum:
    # Four numbers of 16 bits.
    NUMERIC_HEAD = 8
    # NUMERIC_DSCALE_MAX: digits after the point.
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
    """The power of ten by which the last group passes `scale` digits after the point: 1, 10, 100 or 1,000."""
    cdef int spare = -scale & 3
    return 1 if spare == 0 else 10 if spare == 1 else 100 if spare == 2 else 1000


cdef inline int last_weight(int scale) noexcept nogil:
    return -((scale + 3) >> 2)


cdef inline bint is_finite(const Numeric* number) noexcept nogil:
    return number.sign == POSITIVE or number.sign == NEGATIVE


# No number here is below 0 and no divisor is 0: Python's division would only add checks that need the GIL.
@cython.cdivision(True)
cdef inline bint is_well_formed(const Numeric* number) noexcept nogil:
    """Whether all groups are below 10,000, and all digits past the scale are 0."""
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
    """Read a numeric, whose groups are not copied; False if PostgreSQL would not write it."""
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


cdef inline void write_numeric_head(
    unsigned char* at, int64_t count, int64_t weight, Sign sign, int64_t scale
) noexcept nogil:
    at = put_16(at, <uint16_t>count)
    at = put_16(at, <uint16_t>(weight if count else 0))
    at = put_16(at, <uint16_t>sign)
    put_16(at, <uint16_t>scale)
