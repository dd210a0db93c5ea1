"""Values in PostgreSQL's text COPY format: the text of the type, with backslashes; `\\N` for NULL.

https://www.postgresql.org/docs/current/sql-copy.html (Text Format). Floats have as many digits as
their value needs to come back (17 and 9, IEEE 754).
"""

from libc.math cimport frexp, isnan, ldexp
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from transforms.codec.buffer cimport Buffer, reserve
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span
from transforms.postgres.codec.column_program cimport (
    BOOL, BYTES, DATE, FLOAT4, FLOAT8, JSONB, NUMERIC, OUTPUT, Step, TEXT, TIME, TIMESTAMPTZ, UUID,
)
from transforms.postgres.codec.copy_binary cimport put_span
from transforms.postgres.codec.date_text cimport write_date, write_time, write_timestamp
from transforms.postgres.codec.decimal cimport int128, power_of_ten, uint128, write_decimal_text
from transforms.postgres.codec.plain_text cimport write_digits_before, write_word
from transforms.postgres.codec.record_value cimport Value

cdef enum:
    # Room for a separator and any value that is neither bytes nor text.
    MOST_TEXT = 64
    MOST_FLOAT = 32
    MOST_INTEGER = 20


cdef extern from *:
    """
    #define SHARDKEEP_ONES UINT64_C(0x0101010101010101)
    #define SHARDKEEP_HIGHS UINT64_C(0x8080808080808080)
    """
    const uint64_t ONES "SHARDKEEP_ONES"
    const uint64_t HIGHS "SHARDKEEP_HIGHS"


cdef inline unsigned char escape(unsigned char byte) noexcept nogil:
    """The letter that follows the backslash for a byte that must be escaped; 0 for any other byte."""
    if byte > c'\\' or (c'\r' < byte < c'\\') or byte < 8:
        return 0
    if byte == c'\\':
        return c'\\'
    return b"btnvfr"[byte - 8]


cdef inline bint is_plain_word(const unsigned char* at, uint64_t* word) noexcept nogil:
    """Whether eight bytes, tested at once, have no backslash and no byte below a space."""
    memcpy(word, at, 8)
    cdef uint64_t marks = word[0] ^ ONES * <uint64_t>c'\\'
    cdef uint64_t found = ((marks - ONES) & ~marks) | ((word[0] - ONES * <uint64_t>c' ') & ~word[0])
    return not found & HIGHS


cdef inline unsigned char* put_escaped(unsigned char* at, Span text) noexcept nogil:
    """Write a text with backslashes, at most twice its size; returns the end of what was written."""
    cdef const unsigned char* byte = text.data
    cdef const unsigned char* end = text.data + text.size
    cdef unsigned char mark
    cdef uint64_t word
    while byte < end:
        if end - byte >= 8 and is_plain_word(byte, &word):
            memcpy(at, &word, 8)
            at += 8
            byte += 8
            continue
        mark = escape(byte[0])
        if mark:
            at[0] = c'\\'
            at += 1
        at[0] = mark if mark else byte[0]
        at += 1
        byte += 1
    return at


cdef inline unsigned char hexadecimal(unsigned char number) noexcept nogil:
    return number + (c'0' if number < 10 else c'a' - 10)


cdef inline unsigned char* put_hexadecimal(unsigned char* at, Span data) noexcept nogil:
    cdef size_t place
    at = write_word(at, b"\\\\x")
    for place in range(data.size):
        at[0] = hexadecimal(data.data[place] >> 4)
        at[1] = hexadecimal(data.data[place] & 0xF)
        at += 2
    return at


cdef inline unsigned char* put_integer(unsigned char* at, int64_t number) noexcept nogil:
    cdef unsigned char[MOST_INTEGER] scratch
    cdef uint64_t size = <uint64_t>0 - <uint64_t>number if number < 0 else <uint64_t>number
    cdef unsigned char* start = write_digits_before(&scratch[0] + MOST_INTEGER, size, 1)
    if number < 0:
        at[0] = c'-'
        at += 1
    size = &scratch[0] + MOST_INTEGER - start
    memcpy(at, start, size)
    return at + size


cdef inline unsigned char* put_finite(unsigned char* at, double number, int digits) noexcept nogil:
    """Write a number with the C library, and replace the locale's decimal point by a point."""
    cdef char[MOST_FLOAT] scratch
    cdef int size = snprintf(&scratch[0], MOST_FLOAT, b"%.*g", digits, number)
    cdef int place
    cdef bint is_plain, was_plain = True
    for place in range(min(size, MOST_FLOAT - 1)):
        is_plain = c'0' <= scratch[place] <= c'9' or scratch[place] in (c'-', c'+', c'e')
        if is_plain or was_plain:
            at[0] = <unsigned char>scratch[place] if is_plain else c'.'
            at += 1
        was_plain = is_plain
    return at


cdef inline unsigned char* put_exact(unsigned char* at, double number) noexcept nogil:
    """Write a number of 0.001 to 1e9 that is not whole with 17 digits or more, but for zeros at the end."""
    cdef int exponent, digits = 16 if number >= 1 else 19
    cdef uint64_t whole = <uint64_t>number
    # 53 bits times at most 10**19 stay within 128 bits.
    cdef uint128 scaled = <uint128>ldexp(frexp(number, &exponent), 53)
    while whole >= 10:
        whole //= <uint64_t>10
        digits -= 1
    scaled *= power_of_ten(digits)
    exponent = 53 - exponent
    scaled = (scaled + (<uint128>1 << (exponent - 1))) >> exponent
    at = write_decimal_text(at, <int128>scaled, digits)
    while (at - 1)[0] == c'0':
        at -= 1
    return at


cdef inline unsigned char* put_float(unsigned char* at, double number, bint is_negative, int digits) noexcept nogil:
    # The server's strtod keeps the sign of a NaN, which PostgreSQL's own text does not show.
    if isnan(number):
        return write_word(at, b"-NaN" if is_negative else b"NaN")
    if number - number != 0:
        return write_word(at, b"-Infinity" if is_negative else b"Infinity")
    if is_negative:
        at[0] = c'-'
        at += 1
        number = -number
    if number < 1e9 and <double><int64_t>number == number:
        return put_integer(at, <int64_t>number)
    return put_exact(at, number) if 1e-3 <= number < 1e9 else put_finite(at, number, digits)


cdef inline unsigned char* put_float4(unsigned char* at, uint64_t bits) noexcept nogil:
    cdef uint32_t half = <uint32_t>bits
    cdef float number
    memcpy(&number, &half, sizeof(number))
    return put_float(at, number, half >> 31, 9)


cdef inline unsigned char* put_float8(unsigned char* at, uint64_t bits) noexcept nogil:
    cdef double number
    memcpy(&number, &bits, sizeof(number))
    return put_float(at, number, <bint>(bits >> 63), 17)


cdef inline unsigned char* put_moment(unsigned char* at, const Step* step, int64_t number) noexcept nogil:
    if step.form == DATE:
        return write_date(at, number)
    if step.form == TIME:
        return write_time(at, number)
    return write_timestamp(at, number, step.form == TIMESTAMPTZ)


cdef inline unsigned char* put_content(unsigned char* at, const Step* step, const Value* value) noexcept nogil:
    """Write the text of a value that is not null; returns its end."""
    if step.form == TEXT or step.form == OUTPUT or step.form == JSONB:
        return put_escaped(at, value.text)
    if value.is_text or step.form == UUID:
        return put_span(at, value.text)
    if DATE <= step.form <= TIMESTAMPTZ:
        return put_moment(at, step, value.number)
    if step.form == FLOAT8:
        return put_float8(at, value.bits)
    if step.form == NUMERIC:
        return write_decimal_text(at, value.decimal, step.scale)
    if step.form == BYTES:
        return put_hexadecimal(at, value.text)
    if step.form == BOOL:
        return write_word(at, b"t" if value.number else b"f")
    if step.form == FLOAT4:
        return put_float4(at, value.bits)
    return put_integer(at, value.number)


cdef inline Fault put_text(Buffer* rows, const Step* step, const Value* value) noexcept nogil:
    """Append a value and a tab."""
    cdef unsigned char* at
    cdef Fault fault = reserve(rows, 2 * value.text.size + MOST_TEXT)
    if fault:
        return fault
    at = rows.data + rows.size
    at = write_word(at, b"\\N") if value.is_null else put_content(at, step, value)
    at[0] = c'\t'
    rows.size = at + 1 - rows.data
    return FINE
