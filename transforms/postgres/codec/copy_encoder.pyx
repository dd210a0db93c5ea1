"""Canonical Avro records to rows of `COPY ... FROM STDIN`, in its binary or its text format.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS. The formats of the values are in
`copy_binary.pxd` and `copy_text.pxd`. What is read is held against all rules of canonical records.
"""

from libc.stdint cimport uint16_t

from transforms.codec.buffer cimport Buffer, content, release, reserve
from transforms.codec.cursor cimport ahead, at_end
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault
from transforms.codec.span cimport bytes_of
from transforms.postgres.codec.column_program cimport OUTPUT, PRESENCE, Step
from transforms.postgres.codec.copy_binary cimport put_binary
from transforms.postgres.codec.copy_header cimport HEADER_SIZE, put_header
from transforms.postgres.codec.copy_text cimport put_text
from transforms.postgres.codec.record_walk cimport Walk, begin, end, raise_fault, read_next
from transforms.postgres.codec.wire cimport put_16

ctypedef void (*PutRows)(Walk*, Buffer*) noexcept nogil

cdef enum:
    TRAILER = 0xFFFF
    TRAILER_SIZE = 2


cdef Fault put_number(Buffer* rows, uint16_t number) noexcept nogil:
    cdef Fault fault = reserve(rows, 2)
    if not fault:
        put_16(rows.data + rows.size, number)
        rows.size += 2
    return fault


cdef bint no_memory(Walk* walk) noexcept nogil:
    """End the walk; returns False."""
    walk.fault = NO_MEMORY
    return False


cdef bint put_binary_row(Walk* walk, Buffer* rows) noexcept nogil:
    cdef int place
    cdef const Step* step
    if put_number(rows, <uint16_t>walk.program.fields):
        return no_memory(walk)
    for place in range(walk.program.count):
        step = &walk.program.steps[place]
        if not read_next(walk, place):
            return False
        if step.form != PRESENCE and put_binary(rows, step, &walk.value):
            return no_memory(walk)
    walk.records += 1
    return True


cdef void put_binary_rows(Walk* walk, Buffer* rows) noexcept nogil:
    rows.size = put_header(rows.data) - rows.data
    while not at_end(&walk.cursor):
        if not put_binary_row(walk, rows):
            return
    walk.fault = put_number(rows, TRAILER)


cdef Fault end_line(Walk* walk, Buffer* rows) noexcept nogil:
    """Set a line feed in place of the tab after the last value; a row without values is an empty line."""
    cdef Fault fault = FINE if walk.program.fields else reserve(rows, 1)
    if fault:
        return fault
    if not walk.program.fields:
        rows.size += 1
    rows.data[rows.size - 1] = c'\n'
    return FINE


cdef bint put_text_row(Walk* walk, Buffer* rows) noexcept nogil:
    cdef int place
    cdef const Step* step
    for place in range(walk.program.count):
        step = &walk.program.steps[place]
        if not read_next(walk, place):
            return False
        if step.form != PRESENCE and put_text(rows, step, &walk.value):
            return no_memory(walk)
    walk.records += 1
    return True if end_line(walk, rows) == FINE else no_memory(walk)


cdef void put_text_rows(Walk* walk, Buffer* rows) noexcept nogil:
    while not at_end(&walk.cursor):
        if not put_text_row(walk, rows):
            return


cdef int refuse_output(const Walk* walk) except -1:
    for place in range(walk.program.count):
        if walk.program.steps[place].form == OUTPUT:
            raise ValueError(f"column {place + 1} is the text of an output function, which has no binary form")
    return 0


cdef bytes encode(Walk* walk, PutRows put_rows):
    cdef Buffer rows = Buffer(NULL, 0, 0)
    try:
        with nogil:
            # Numbers grow, in most tables by less than half.
            walk.fault = reserve(&rows, ahead(&walk.cursor) * 3 // 2 + HEADER_SIZE + TRAILER_SIZE)
            if not walk.fault:
                put_rows(walk, &rows)
        raise_fault(walk)
        return bytes_of(content(&rows))
    finally:
        release(&rows)


def encode_binary(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    begin(&walk, program, records)
    try:
        refuse_output(&walk)
        return encode(&walk, put_binary_rows)
    finally:
        end(&walk)


def encode_text(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    begin(&walk, program, records)
    try:
        return encode(&walk, put_text_rows)
    finally:
        end(&walk)
