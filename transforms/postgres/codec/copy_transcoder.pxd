"""What compiled code may ask of a CopyTranscoder, without the GIL."""

cimport cython

from libc.stdint cimport uint64_t

from transforms.codec.buffer cimport Buffer
from transforms.codec.cursor cimport Cursor
from transforms.codec.fault cimport Fault
from transforms.codec.span cimport Span
from transforms.postgres.codec.column_program cimport Program, Step

cdef enum:
    MOST_ROWS = 1 << 20


@cython.final
cdef class CopyTranscoder:
    cdef Program program
    cdef Buffer records
    cdef Buffer ends
    cdef Buffer first_key
    cdef Buffer last_key
    cdef Buffer key
    cdef int keys
    cdef int column
    cdef bint has_ctid
    cdef bint begun
    # Whether the trailer was read.
    cdef bint ended
    cdef uint64_t last_tid
    cdef uint64_t row_count
    cdef uint64_t taken_rows
    # The first fault of the stream, which `check` raises.
    cdef Fault fault

    cdef void take_message(self, Span message) noexcept nogil
    cdef int check(self) except -1

    cdef _mark(self, list keys)
    cdef Fault _take_row(self, Cursor* cursor) noexcept nogil
    cdef Fault _take_tid(self, Cursor* cursor) noexcept nogil
    cdef Fault _take_columns(self, Cursor* cursor) noexcept nogil
    cdef unsigned char* _put_numeric(
        self, unsigned char* at, Span field, const Step* step, Cursor* cursor
    ) noexcept nogil
    cdef Fault _end_row(self) noexcept nogil
    cdef _where(self)
    cdef _rule(self)


cdef inline bint has_room(CopyTranscoder transcoder, size_t limit) noexcept nogil:
    """Whether there is no fault, and less in hand than `limit` bytes of records and MOST_ROWS rows."""
    cdef uint64_t rows = transcoder.row_count - transcoder.taken_rows
    return not transcoder.fault and transcoder.records.size < limit and rows < MOST_ROWS
