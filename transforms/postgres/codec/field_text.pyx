"""The text of a date, a time or a numeric from its field in a binary COPY.

It is what PostgreSQL's output functions write, with DateStyle ISO and the time zone UTC: see `date_text.pxd` and
`numeric_text.pxd`.
"""

from libc.stdint cimport int32_t, int64_t

from transforms.codec.buffer cimport Buffer, content, release, reserve
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault, unless
from transforms.codec.span cimport Span, bytes_of, span_of
from transforms.postgres.codec.calendar cimport day_micros, is_date, is_timestamp
from transforms.postgres.codec.column_program cimport DATE, NUMERIC, TIME, TIMESTAMP, TIMESTAMPTZ
from transforms.postgres.codec.date_text cimport MOST_TIMESTAMP_TEXT, write_date, write_time, write_timestamp
from transforms.postgres.codec.numeric cimport Numeric, read_numeric
from transforms.postgres.codec.numeric_text cimport SPARE_BYTES, numeric_text_size, write_numeric_text
from transforms.postgres.codec.wire cimport int32_of, int64_of


cdef Fault bad_value() noexcept nogil:
    return b"the bytes are not a value of the type"


cdef Fault put_date(Buffer* text, Span field) noexcept nogil:
    cdef int32_t days = int32_of(field.data) if field.size == 4 else 0
    text.size = write_date(text.data, days) - text.data if is_date(days) else 0
    return unless(field.size == 4 and text.size > 0, bad_value())


cdef Fault put_time(Buffer* text, Span field) noexcept nogil:
    cdef int64_t micros = int64_of(field.data) if field.size == 8 else -1
    if not 0 <= micros <= day_micros():
        return bad_value()
    text.size = write_time(text.data, micros) - text.data
    return FINE


cdef Fault put_timestamp(Buffer* text, Span field, bint zoned) noexcept nogil:
    cdef int64_t micros = int64_of(field.data) if field.size == 8 else 0
    text.size = write_timestamp(text.data, micros, zoned) - text.data if is_timestamp(micros) else 0
    return unless(field.size == 8 and text.size > 0, bad_value())


cdef Fault put_numeric(Buffer* text, Span field) noexcept nogil:
    cdef Numeric number
    cdef Fault fault = unless(read_numeric(field, &number), bad_value())
    if not fault:
        fault = reserve(text, numeric_text_size(&number) + SPARE_BYTES)
    if not fault:
        text.size = write_numeric_text(text.data, &number) - text.data
    return fault


cdef Fault put_text(Buffer* text, int form, Span field) noexcept nogil:
    if form == NUMERIC:
        return put_numeric(text, field)
    if reserve(text, MOST_TIMESTAMP_TEXT):
        return NO_MEMORY
    if form == DATE:
        return put_date(text, field)
    if form == TIME:
        return put_time(text, field)
    return put_timestamp(text, field, form == TIMESTAMPTZ)


def text_of(int form, bytes field not None):
    """See the stub."""
    cdef Buffer text = Buffer(NULL, 0, 0)
    if form not in (DATE, TIME, TIMESTAMP, TIMESTAMPTZ, NUMERIC):
        raise ValueError(f"form {form} is neither a date, a time nor a numeric")
    cdef Fault fault = put_text(&text, form, span_of(field))
    try:
        if fault == NO_MEMORY:
            raise MemoryError("no memory for the text of a value")
        if fault:
            raise ValueError(fault.decode())
        return bytes_of(content(&text)).decode("ascii")
    finally:
        release(&text)
