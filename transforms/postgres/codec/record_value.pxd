"""The values of canonical records: what each form's Avro bytes must be, and what they mean.

Numbers of dates and times are those of `calendar.pxd`, whichever of the two fields holds the value. Texts: see
`date_text.pxd` and `numeric_text.pxd`.
"""

from libc.stdint cimport INT16_MAX, INT16_MIN, INT32_MAX, INT32_MIN, INT64_MAX, int64_t, uint64_t

from transforms.avro.primitives cimport read_bytes, read_long
from transforms.codec.cursor cimport Cursor, ahead, at_end
from transforms.codec.fault cimport FINE, Fault, reworded, unless
from transforms.codec.span cimport Span, is_word
from transforms.postgres.codec.calendar cimport (
    EPOCH_DAYS, day_micros, epoch_micros, is_logical_date, is_logical_timestamp,
)
from transforms.postgres.codec.column_program cimport (
    BOOL, BYTES, DATE, FLOAT4, FLOAT8, INT4, INT8, JSONB, NUMERIC, OUTPUT, PRESENCE, Step, TEXT, TIME, TIMESTAMPTZ,
    UUID, is_dual,
)
from transforms.postgres.codec.date_text cimport read_date, read_timestamp
from transforms.postgres.codec.decimal cimport int128, integer_of, is_minimal, magnitude
from transforms.postgres.codec.numeric_text cimport Digits, fits, read_digits
from transforms.postgres.codec.utf8 cimport check_text

cdef extern from *:
    """
    static const unsigned char shardkeep_nibbles[256] = {
        ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
        ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};
    """
    # The value of a lower-case hexadecimal digit plus 1; 0 for any other byte.
    const unsigned char* NIBBLES "shardkeep_nibbles"

cdef enum:
    UUID_TEXT = 36
    BYTES_OF_UUID = 16

cdef struct Value:
    bint is_null
    # Whether the value is in the second field of a column that has two.
    bint is_text
    int64_t number
    unsigned char[BYTES_OF_UUID] uuid
    # The bits of a FLOAT4 or FLOAT8.
    uint64_t bits
    int128 decimal
    Digits digits
    # Bytes and texts, also the text of the second field.
    Span text


cdef inline Fault read_branch(Cursor* cursor, bint* is_set) noexcept nogil:
    """Read the index of a union of null and a type."""
    if at_end(cursor):
        return b"the record is cut off"
    if cursor.at[0] != 0 and cursor.at[0] != 2:
        return b"the index of a union is neither 0 nor 1"
    is_set[0] = cursor.at[0] == 2
    cursor.at += 1
    return FINE


cdef inline Fault read_flag(Cursor* cursor, int64_t* number) noexcept nogil:
    if at_end(cursor):
        return b"the record is cut off"
    number[0] = cursor.at[0]
    cursor.at += 1
    return unless(number[0] <= 1, b"a boolean is neither 0 nor 1")


cdef inline Fault read_presence(Cursor* cursor) noexcept nogil:
    cdef int64_t number = 0
    cdef Fault fault = read_flag(cursor, &number)
    return fault if fault else unless(number == 1, b"the field of a table without columns is not true")


cdef inline Fault read_within(Cursor* cursor, int64_t least, int64_t most, int64_t* number) noexcept nogil:
    if read_long(cursor, number):
        return b"a number is cut off or is not a shortest varint"
    return unless(least <= number[0] <= most, b"a number is out of the range of its type")


cdef inline Fault read_bits(Cursor* cursor, int size, uint64_t* bits) noexcept nogil:
    """Read little-endian bits of 4 or 8 bytes."""
    cdef int place
    if ahead(cursor) < <size_t>size:
        return b"the record is cut off"
    bits[0] = 0
    for place in range(size):
        bits[0] |= <uint64_t>cursor.at[place] << (8 * place)
    cursor.at += size
    return FINE


cdef inline Fault read_span(Cursor* cursor, Span* text) noexcept nogil:
    return reworded(read_bytes(cursor, text), b"bytes are cut off, or their size is negative or no shortest varint")


cdef inline Fault read_text(Cursor* cursor, bint unchecked, Span* text) noexcept nogil:
    cdef Fault fault = read_span(cursor, text)
    return fault if fault else check_text(text[0], unchecked)


cdef inline bint is_hyphen(int place) noexcept nogil:
    return place == 8 or place == 13 or place == 18 or place == 23


cdef inline bint parse_uuid(const unsigned char* text, unsigned char* uuid) noexcept nogil:
    """Make 16 bytes of 36 characters: hexadecimal digits in lower case and four hyphens."""
    cdef int i
    cdef int place = 0
    # 0 for a byte that is not a digit: 0 - 1 wraps around.
    cdef unsigned int high, low
    cdef bint is_good = True
    for i in range(BYTES_OF_UUID):
        if is_hyphen(place):
            is_good &= text[place] == c'-'
            place += 1
        high = NIBBLES[text[place]]
        low = NIBBLES[text[place + 1]]
        is_good &= high > 0 and low > 0
        uuid[i] = <unsigned char>((high - 1) << 4 | (low - 1))
        place += 2
    return is_good


cdef inline Fault read_uuid(Cursor* cursor, Value* value) noexcept nogil:
    cdef Fault fault = read_span(cursor, &value.text)
    if fault:
        return fault
    if value.text.size != UUID_TEXT:
        return b"a UUID is not 36 characters long"
    return unless(
        parse_uuid(value.text.data, &value.uuid[0]),
        b"a UUID is not of hexadecimal digits in lower case and four hyphens",
    )


cdef inline Fault read_decimal(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    cdef Span integer
    cdef Fault fault = read_span(cursor, &integer)
    if fault:
        return fault
    if not is_minimal(integer) or integer.size > sizeof(int128):
        return b"a decimal has no byte, or more than it needs"
    value.decimal = integer_of(integer)
    return unless(magnitude(value.decimal) < step.limit, b"a decimal has more digits than its column")


cdef inline Fault read_days(Cursor* cursor, int64_t* days) noexcept nogil:
    if read_long(cursor, days) or not INT32_MIN <= days[0] <= INT32_MAX:
        return b"a date is cut off or is not a shortest varint"
    days[0] -= EPOCH_DAYS
    return unless(is_logical_date(days[0]), b"the year of a date is not 1 to 9999")


cdef inline Fault read_micros(Cursor* cursor, int64_t* micros) noexcept nogil:
    # Below this, subtracting the difference of the epochs would pass 64 bits.
    if read_long(cursor, micros) or micros[0] < -INT64_MAX + epoch_micros():
        return b"a timestamp is cut off or is not a shortest varint"
    micros[0] -= epoch_micros()
    return unless(is_logical_timestamp(micros[0]), b"the year of a timestamp is not 1 to 9999")


cdef inline Fault read_logical(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    """Read the first field of a column that has two: the value as every reader of Avro takes it."""
    if step.form == NUMERIC:
        return read_decimal(cursor, step, value)
    if step.form == DATE:
        return read_days(cursor, &value.number)
    if step.form == TIME:
        return read_within(cursor, 0, day_micros() - 1, &value.number)
    return read_micros(cursor, &value.number)


cdef inline Fault read_number_text(const Step* step, Value* value) noexcept nogil:
    if not read_digits(value.text, &value.digits):
        return b"the text of a numeric is not what PostgreSQL writes"
    return unless(
        not fits(&value.digits, step.precision, step.scale),
        b"a numeric is in its text field although it fits into its decimal",
    )


cdef inline Fault read_second(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    """Read the second field of a column that has two: the text of what the first one cannot hold."""
    cdef Fault fault = read_span(cursor, &value.text)
    cdef bint is_good
    if fault:
        return fault
    if step.form == NUMERIC:
        return read_number_text(step, value)
    if step.form == TIME:
        is_good = is_word(value.text, b"24:00:00")
        value.number = day_micros()
    elif step.form == DATE:
        is_good = read_date(value.text, &value.number)
    else:
        is_good = read_timestamp(value.text, step.form == TIMESTAMPTZ, &value.number)
    return unless(is_good, b"the text of a date or time is not what PostgreSQL writes of one that Avro cannot hold")


cdef inline Fault read_both(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    cdef bint is_logical = False
    cdef Fault fault = read_branch(cursor, &is_logical)
    if not fault and is_logical:
        fault = read_logical(cursor, step, value)
    if not fault:
        fault = read_branch(cursor, &value.is_text)
    if fault or not value.is_text:
        value.is_null = not is_logical
        return fault
    value.is_null = False
    if is_logical:
        return b"both fields of a column are set"
    return read_second(cursor, step, value)


cdef inline Fault read_content(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    """Read a value that is not null of a column that has one field."""
    if step.form == TEXT or step.form == OUTPUT or step.form == JSONB:
        return read_text(cursor, step.unchecked, &value.text)
    if step.form == INT4:
        return read_within(cursor, INT32_MIN, INT32_MAX, &value.number)
    if step.form == INT8:
        return reworded(read_long(cursor, &value.number), b"a number is cut off or is not a shortest varint")
    if step.form == FLOAT8:
        return read_bits(cursor, 8, &value.bits)
    if step.form == BOOL:
        return read_flag(cursor, &value.number)
    if step.form == UUID:
        return read_uuid(cursor, value)
    if step.form == BYTES:
        return read_span(cursor, &value.text)
    if step.form == FLOAT4:
        return read_bits(cursor, 4, &value.bits)
    return read_within(cursor, INT16_MIN, INT16_MAX, &value.number)


cdef inline Fault read_value(Cursor* cursor, const Step* step, Value* value) noexcept nogil:
    """Read the field or the two fields of a column; a fault says what is not canonical."""
    cdef bint is_set = False
    cdef Fault fault
    value.text.size = 0
    value.is_text = False
    if step.form == PRESENCE:
        value.is_null = False
        return read_presence(cursor)
    if is_dual(step.form):
        return read_both(cursor, step, value)
    fault = read_branch(cursor, &is_set)
    value.is_null = not is_set
    return fault if fault or not is_set else read_content(cursor, step, value)
