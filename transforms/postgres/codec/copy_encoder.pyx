# cython: language_level=3, boundscheck=False, wraparound=False
"""Canonical Avro records to rows of `COPY ... FROM STDIN`, in its binary or its text format.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS. The formats of the values are in
`copy_binary.pxd` and `copy_text.pxd`. What is read is held against all rules of canonical records.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint16_t

from transforms.avro.bytes_buffer cimport Buffer, release, reserve, span
from transforms.postgres.codec.column_program cimport OUTPUT, PRESENCE
from transforms.postgres.codec.copy_binary cimport put_32, put_binary, put_span
from transforms.postgres.codec.copy_text cimport put_text
from transforms.postgres.codec.decimal_text cimport put_16
from transforms.postgres.codec.record_walk cimport Walk, at_end, begin, end, raise_fault, read_next

cdef enum:
    SIGNATURE_SIZE = 11
    HEADER_SIZE = SIGNATURE_SIZE + 8
    TRAILER = 0xFFFF
    TRAILER_SIZE = 2


cdef bint put_header(Buffer* rows) noexcept nogil:
    """Begin binary COPY data: the signature, no flags, no extension of the header."""
    cdef unsigned char* at
    if not reserve(rows, HEADER_SIZE):
        return False
    at = put_span(rows.data, span(b"PGCOPY\n\377\r\n\0", SIGNATURE_SIZE))
    put_32(put_32(at, 0), 0)
    rows.size = HEADER_SIZE
    return True


cdef bint put_number(Buffer* rows, uint16_t number) noexcept nogil:
    if not reserve(rows, 2):
        return False
    put_16(rows.data + rows.size, number)
    rows.size += 2
    return True


cdef bint put_binary_row(Walk* walk, Buffer* rows) noexcept nogil:
    cdef int place
    walk.no_memory = not put_number(rows, <uint16_t>walk.program.fields)
    for place in range(walk.program.count):
        if walk.no_memory or not read_next(walk, place):
            return False
        if walk.program.steps[place].form != PRESENCE:
            walk.no_memory = not put_binary(rows, &walk.program.steps[place], &walk.value)
    walk.records += 1
    return not walk.no_memory


cdef void put_binary_rows(Walk* walk, Buffer* rows) noexcept nogil:
    walk.no_memory = not put_header(rows)
    while not walk.no_memory and not at_end(walk):
        if not put_binary_row(walk, rows):
            return
    walk.no_memory = walk.no_memory or not put_number(rows, TRAILER)


cdef bint end_line(Walk* walk, Buffer* rows) noexcept nogil:
    """Set a line feed in place of the tab behind the last value; a row without values is an empty line."""
    if not walk.program.fields:
        if not reserve(rows, 1):
            return False
        rows.size += 1
    rows.data[rows.size - 1] = c'\n'
    return True


cdef bint put_text_row(Walk* walk, Buffer* rows) noexcept nogil:
    cdef int place
    for place in range(walk.program.count):
        if not read_next(walk, place):
            return False
        if walk.program.steps[place].form != PRESENCE:
            walk.no_memory = not put_text(rows, &walk.program.steps[place], &walk.value)
        if walk.no_memory:
            return False
    walk.records += 1
    walk.no_memory = not end_line(walk, rows)
    return not walk.no_memory


cdef void put_text_rows(Walk* walk, Buffer* rows) noexcept nogil:
    while not at_end(walk):
        if not put_text_row(walk, rows):
            return


cdef int refuse_output(const Walk* walk) except -1:
    for place in range(walk.program.count):
        if walk.program.steps[place].form == OUTPUT:
            raise ValueError(f"column {place + 1} is the text of an output function, which has no binary form")
    return 0


cdef bytes encode(Walk* walk, bint is_binary):
    cdef Buffer rows = Buffer(NULL, 0, 0)
    try:
        with nogil:
            # Numbers grow, by less than half of all in most tables.
            if not reserve(&rows, (walk.cursor.end - walk.cursor.at) * 3 // 2 + HEADER_SIZE + TRAILER_SIZE):
                walk.no_memory = True
            elif is_binary:
                put_binary_rows(walk, &rows)
            else:
                put_text_rows(walk, &rows)
        raise_fault(walk)
        return PyBytes_FromStringAndSize(<const char*>rows.data, rows.size)
    finally:
        release(&rows)


def encode_binary(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    begin(&walk, program, records)
    try:
        refuse_output(&walk)
        return encode(&walk, True)
    finally:
        end(&walk)


def encode_text(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    begin(&walk, program, records)
    try:
        return encode(&walk, False)
    finally:
        end(&walk)
