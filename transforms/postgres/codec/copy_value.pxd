"""One field of a binary COPY as the Avro of its column.

Every function writes at `at`, where there is room, and gives the end of what it wrote, or NULL if
PostgreSQL would not send such a value. NULL of SQL is the union's first member, a value its second.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t

from transforms.avro.primitives cimport write_bytes
from transforms.codec.span cimport Span, span
from transforms.codec.varint cimport write_varint, zigzag
from transforms.postgres.codec.calendar cimport (
    EPOCH_DAYS, day_micros, epoch_micros, is_date, is_logical_date, is_logical_timestamp, is_timestamp,
)
from transforms.postgres.codec.column_program cimport (
    BOOL, BYTES, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, JSONB, OUTPUT, TEXT, TIME, TIMESTAMPTZ, UUID, Form, Step,
    is_dual,
)
from transforms.postgres.codec.date_text cimport write_date, write_time, write_timestamp
from transforms.postgres.codec.decimal cimport write_decimal
from transforms.postgres.codec.numeric cimport Numeric
from transforms.postgres.codec.numeric_text cimport numeric_text_size, write_numeric_text
from transforms.postgres.codec.utf8 cimport check_text
from transforms.postgres.codec.wire cimport int16_of, int32_of, int64_of

cdef extern from *:
    """
    static const char shardkeep_bad_value[] = "a value is not valid";
    """
    const char* BAD_VALUE "shardkeep_bad_value"

cdef enum:
    # How much longer a field may be in Avro than in COPY, but for the text of a numeric.
    ROOM_PER_FIELD = 40
    # Union index 0 and 1: zig-zag longs.
    NULL_INDEX = 0
    VALUE_INDEX = 2
    JSONB_VERSION = 1


cdef inline unsigned char* put_null(unsigned char* at, Form form) noexcept nogil:
    at[0] = at[1] = NULL_INDEX
    return at + 1 + is_dual(form)


cdef inline unsigned char* put_long(unsigned char* at, int64_t value) noexcept nogil:
    at[0] = VALUE_INDEX
    return write_varint(at + 1, zigzag(value))


cdef inline unsigned char* put_logical(unsigned char* at, int64_t value) noexcept nogil:
    """Put the logical field of a dual column, and its text field as null."""
    at = put_long(at, value)
    at[0] = NULL_INDEX
    return at + 1


cdef inline unsigned char* begin_text(unsigned char* at) noexcept nogil:
    """Begin a text field of at most 63 bytes after a logical field that is null; returns where its text goes."""
    at[0] = NULL_INDEX
    at[1] = VALUE_INDEX
    return at + 3


cdef inline unsigned char* end_text(unsigned char* start, unsigned char* end) noexcept nogil:
    (start - 1)[0] = <unsigned char>((end - start) << 1)
    return end


cdef inline unsigned char* put_bool(unsigned char* at, Span field) noexcept nogil:
    if field.size != 1 or field.data[0] > 1:
        return NULL
    at[0] = VALUE_INDEX
    at[1] = field.data[0]
    return at + 2


cdef inline unsigned char* put_integer(unsigned char* at, Span field, Form form) noexcept nogil:
    if form == INT4:
        return put_long(at, int32_of(field.data)) if field.size == 4 else NULL
    if form == INT8:
        return put_long(at, int64_of(field.data)) if field.size == 8 else NULL
    return put_long(at, int16_of(field.data)) if field.size == 2 else NULL


cdef inline unsigned char* put_float(unsigned char* at, Span field, size_t size) noexcept nogil:
    """Put an IEEE 754 number, whose bytes Avro has in little-endian order: every bit of a NaN is kept."""
    cdef size_t i
    if field.size != size:
        return NULL
    at[0] = VALUE_INDEX
    for i in range(size):
        at[1 + i] = field.data[size - 1 - i]
    return at + 1 + size


cdef inline unsigned char* put_bytes(unsigned char* at, Span field) noexcept nogil:
    at[0] = VALUE_INDEX
    return write_bytes(at + 1, field)


cdef inline unsigned char* put_text(unsigned char* at, Span field, bint unchecked) noexcept nogil:
    return NULL if check_text(field, unchecked) else put_bytes(at, field)


cdef inline unsigned char* put_jsonb(unsigned char* at, Span field, bint unchecked) noexcept nogil:
    """Put a jsonb, whose text follows the version of its binary form."""
    if not field.size or field.data[0] != JSONB_VERSION:
        return NULL
    return put_text(at, span(field.data + 1, field.size - 1), unchecked)


cdef inline unsigned char* put_uuid(unsigned char* at, Span field) noexcept nogil:
    cdef const char* digits = b"0123456789abcdef"
    cdef int i
    if field.size != 16:
        return NULL
    at[0] = VALUE_INDEX
    at[1] = 36 << 1
    at += 2
    for i in range(16):
        if i == 4 or i == 6 or i == 8 or i == 10:
            at[0] = c'-'
            at += 1
        at[0] = digits[field.data[i] >> 4]
        at[1] = digits[field.data[i] & 15]
        at += 2
    return at


cdef inline unsigned char* put_date(unsigned char* at, Span field) noexcept nogil:
    if field.size != 4:
        return NULL
    cdef int32_t days = int32_of(field.data)
    if is_logical_date(days):
        return put_logical(at, <int64_t>days + EPOCH_DAYS)
    if not is_date(days):
        return NULL
    at = begin_text(at)
    return end_text(at, write_date(at, days))


cdef inline unsigned char* put_time(unsigned char* at, Span field) noexcept nogil:
    if field.size != 8:
        return NULL
    cdef int64_t micros = int64_of(field.data)
    if 0 <= micros < day_micros():
        return put_logical(at, micros)
    if micros != day_micros():
        return NULL
    at = begin_text(at)
    return end_text(at, write_time(at, micros))


cdef inline unsigned char* put_timestamp(unsigned char* at, Span field, bint zoned) noexcept nogil:
    if field.size != 8:
        return NULL
    cdef int64_t micros = int64_of(field.data)
    if is_logical_timestamp(micros):
        return put_logical(at, micros + epoch_micros())
    if not is_timestamp(micros):
        return NULL
    at = begin_text(at)
    return end_text(at, write_timestamp(at, micros, zoned))


cdef inline unsigned char* put_decimal(unsigned char* at, const Numeric* number) noexcept nogil:
    at[0] = VALUE_INDEX
    at = write_decimal(at + 1, number)
    at[0] = NULL_INDEX
    return at + 1


cdef inline unsigned char* put_numeric_text(unsigned char* at, const Numeric* number) noexcept nogil:
    """Put the text of a numeric, for which there is room for its size and `ROOM_PER_FIELD`."""
    at[0] = NULL_INDEX
    at[1] = VALUE_INDEX
    at = write_varint(at + 2, <uint64_t>numeric_text_size(number) << 1)
    return write_numeric_text(at, number)


cdef inline unsigned char* put_value(unsigned char* at, Span field, const Step* step) noexcept nogil:
    """Put a value of any form but PRESENCE and NUMERIC."""
    if step.form == INT2 or step.form == INT4 or step.form == INT8:
        return put_integer(at, field, step.form)
    if step.form == TEXT or step.form == OUTPUT:
        return put_text(at, field, step.unchecked)
    if step.form == BOOL:
        return put_bool(at, field)
    if step.form == FLOAT4:
        return put_float(at, field, 4)
    if step.form == FLOAT8:
        return put_float(at, field, 8)
    if step.form == BYTES:
        return put_bytes(at, field)
    if step.form == JSONB:
        return put_jsonb(at, field, step.unchecked)
    if step.form == UUID:
        return put_uuid(at, field)
    if step.form == DATE:
        return put_date(at, field)
    if step.form == TIME:
        return put_time(at, field)
    return put_timestamp(at, field, step.form == TIMESTAMPTZ)
