"""Values in PostgreSQL's binary COPY format: a size of 32 bits, -1 for NULL, and the type's binary form.

https://www.postgresql.org/docs/current/sql-copy.html (Binary Format), and the `*_send` functions
of PostgreSQL's src/backend/utils/adt for the types.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from transforms.codec.buffer cimport Buffer, reserve
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span, span
from transforms.postgres.codec.column_program cimport (
    BOOL, BYTES, DATE, FLOAT4, FLOAT8, INT2, INT4, JSONB, NUMERIC, Step, TEXT, UUID,
)
from transforms.postgres.codec.decimal cimport write_decimal_numeric
from transforms.postgres.codec.numeric_text cimport write_numeric
from transforms.postgres.codec.record_value cimport BYTES_OF_UUID, Value
from transforms.postgres.codec.wire cimport put_16, put_32, put_64

cdef enum:
    # Room for a size and any value that is neither bytes nor text.
    MOST_BINARY = 64
    JSONB_VERSION = 1


cdef inline unsigned char* put_span(unsigned char* at, Span text) noexcept nogil:
    if text.size:
        memcpy(at, text.data, text.size)
    return at + text.size


cdef inline unsigned char* put_jsonb(unsigned char* at, Span text) noexcept nogil:
    at[0] = JSONB_VERSION
    return put_span(at + 1, text)


cdef inline unsigned char* put_flag(unsigned char* at, int64_t number) noexcept nogil:
    at[0] = <unsigned char>number
    return at + 1


cdef inline unsigned char* put_number(unsigned char* at, const Step* step, const Value* value) noexcept nogil:
    return write_numeric(at, &value.digits) if value.is_text else write_decimal_numeric(at, value.decimal, step.scale)


cdef inline unsigned char* put_content(unsigned char* at, const Step* step, const Value* value) noexcept nogil:
    """Write the binary form of a value that is not null; returns its end."""
    if step.form == TEXT or step.form == BYTES:
        return put_span(at, value.text)
    if step.form == INT4 or step.form == DATE:
        return put_32(at, <uint32_t>value.number)
    if step.form == FLOAT8:
        return put_64(at, value.bits)
    if step.form == NUMERIC:
        return put_number(at, step, value)
    if step.form == BOOL:
        return put_flag(at, value.number)
    if step.form == UUID:
        return put_span(at, span(&value.uuid[0], BYTES_OF_UUID))
    if step.form == JSONB:
        return put_jsonb(at, value.text)
    if step.form == FLOAT4:
        return put_32(at, <uint32_t>value.bits)
    if step.form == INT2:
        return put_16(at, <uint16_t>value.number)
    # INT8, TIME, TIMESTAMP, TIMESTAMPTZ.
    return put_64(at, <uint64_t>value.number)


cdef inline Fault put_binary(Buffer* rows, const Step* step, const Value* value) noexcept nogil:
    """Append a value with its size."""
    cdef unsigned char* at
    cdef unsigned char* end
    # The groups of a numeric take no more than its text and the room for other values.
    cdef Fault fault = reserve(rows, value.text.size + MOST_BINARY)
    if fault:
        return fault
    at = rows.data + rows.size
    end = at + 4 if value.is_null else put_content(at + 4, step, value)
    put_32(at, <uint32_t>-1 if value.is_null else <uint32_t>(end - at - 4))
    rows.size = end - rows.data
    return FINE
