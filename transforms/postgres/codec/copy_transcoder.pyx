"""From the rows of a binary COPY TO STDOUT to canonical Avro records.

The format is that of https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format": a header, rows of
fields, a trailer; the server puts no more than one row in a message, the header before the first row. A
record is the canonical Avro of `avro_schema.avro_schema`: one encoding for each row.
"""

cimport cython

from libc.stdint cimport int16_t, uint64_t

from transforms.codec.buffer cimport append_number, array_of, clear, content, release, reserve
from transforms.codec.cursor cimport Cursor, ahead, at_end, inside
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault
from transforms.codec.span cimport Span, bytes_of, span_of
from transforms.postgres.codec.column_program cimport NO_KEY, NUMERIC, PRESENCE, Step, load_program, release_program
from transforms.postgres.codec.copy_header cimport cut_off, read_header
from transforms.postgres.codec.copy_value cimport (
    BAD_VALUE, ROOM_PER_FIELD, put_decimal, put_null, put_numeric_text, put_value,
)
from transforms.postgres.codec.decimal cimport is_decimal
from transforms.postgres.codec.key_fields cimport keep_key, key_fields
from transforms.postgres.codec.numeric cimport Numeric, read_numeric
from transforms.postgres.codec.numeric_text cimport numeric_text_size
from transforms.postgres.codec.wire cimport read_field, read_int16, uint16_of, uint32_of

from transforms.errors import IntegrityError
from transforms.postgres.codec.column import TEXTS, Form

cdef enum:
    TRAILER = -1
    TID_SIZE = 6
    # Memory that stays with a transcoder when its records are taken.
    KEPT_BYTES = 4 << 20


@cython.final
cdef class CopyTranscoder:
    """Transcodes the rows of one COPY stream; use it from one thread at a time.

    The GIL is released while rows are taken and transcoded. After an error every further call raises again.
    """

    def __init__(self, bytes program not None, keys=(), bint ctid=False):
        """Make a transcoder of rows of the columns in `program` (see `column.program`), after a ctid if `ctid`.

        Raises:
            ValueError: if the program is malformed or `keys` names a place that has no field, or one twice.
        """
        self.has_ctid = ctid
        self.keys = 1 if ctid else len(keys)
        load_program(&self.program, span_of(program))
        if reserve(&self.key, max(self.keys, 1) * sizeof(Span)):
            raise MemoryError("no memory for the fields of a key")
        self._mark(list(keys))

    cdef _mark(self, list keys):
        """Mark the columns of the key; rows that come with a ctid have no other key."""
        cdef int place, column
        fields = {column for column in range(self.program.count) if self.program.steps[column].form != PRESENCE}
        if len(set(keys)) != len(keys) or not set(keys) <= fields:
            raise ValueError(f"keys {keys} must be different places of columns with a field")
        if self.has_ctid:
            return
        for place in range(self.keys):
            column = keys[place]
            self.program.steps[column].key = place

    def __dealloc__(self):
        release_program(&self.program)
        release(&self.records)
        release(&self.ends)
        release(&self.first_key)
        release(&self.last_key)
        release(&self.key)

    @property
    def rows(self):
        """Number of rows in hand: those that the next `take` returns."""
        return self.row_count - self.taken_rows

    @property
    def total_rows(self):
        """Number of all rows transcoded so far."""
        return self.row_count

    def feed(self, bytes row not None):
        """Take one CopyData message: the header, a row, the header with a row, or the trailer.

        Raises:
            IntegrityError: if it is malformed, or its ctid is not above the row's before it.
        """
        cdef Span message = span_of(row)
        with nogil:
            self.take_message(message)
        self.check()

    def take(self):
        """Return what is in hand, and start empty with the rows that follow.

        Returns:
            Number of rows; their records back to back; for each row the offset where its record ends (array
            of type Q); the raw fields of the first row's key and of the last row's: `(ctid,)`, or the key
            columns in their order. Without rows the keys are empty.
        """
        cdef uint64_t rows = self.row_count - self.taken_rows
        record_ends = array_of(&self.ends)
        first, last = key_fields(content(&self.first_key)), key_fields(content(&self.last_key))
        records = bytes_of(content(&self.records))
        self.taken_rows = self.row_count
        clear(&self.records, KEPT_BYTES)
        clear(&self.ends, KEPT_BYTES)
        self.first_key.size = self.last_key.size = 0
        return rows, records, record_ends, first, last

    cdef void take_message(self, Span message) noexcept nogil:
        """Take one CopyData message, which may be the stream's first fault."""
        cdef Cursor cursor = inside(message)
        cdef Fault fault = self.fault
        if not fault and not self.begun:
            fault = read_header(&cursor)
            self.begun = True
        while not fault and not at_end(&cursor):
            fault = self._take_row(&cursor)
        self.fault = fault

    cdef Fault _take_row(self, Cursor* cursor) noexcept nogil:
        cdef int16_t count = 0
        if self.ended:
            return b"bytes follow the trailer"
        cdef Fault fault = cut_off(read_int16(cursor, &count))
        self.column = NO_KEY
        self.ended = count == TRAILER
        if fault or self.ended:
            return fault
        if count != self.program.fields + self.has_ctid:
            return b"a row has another number of fields than was asked for"
        fault = reserve(&self.records, ahead(cursor) + self.program.count * <size_t>ROOM_PER_FIELD)
        if not fault and self.has_ctid:
            fault = self._take_tid(cursor)
        if not fault:
            fault = self._take_columns(cursor)
        return fault if fault else self._end_row()

    cdef Fault _take_tid(self, Cursor* cursor) noexcept nogil:
        """Take a ctid, block number and offset, which must be above the one before."""
        cdef Span* key = <Span*>self.key.data
        cdef uint64_t tid
        cdef Fault fault = cut_off(read_field(cursor, key))
        if fault:
            return fault
        if key.size != TID_SIZE:
            return b"a row's ctid is NULL or not 6 bytes"
        tid = <uint64_t>uint32_of(key.data) << 16 | uint16_of(key.data + 4)
        if self.row_count and tid <= self.last_tid:
            return b"rows did not come in ascending order of ctid, so the scan was not a plain sequential one"
        self.last_tid = tid
        return FINE

    cdef Fault _take_columns(self, Cursor* cursor) noexcept nogil:
        cdef const Step* step
        cdef unsigned char* at = self.records.data + self.records.size
        cdef Span field
        cdef int i
        for i in range(self.program.count):
            step = &self.program.steps[i]
            self.column = i
            if step.form == PRESENCE:
                at[0] = 1
                at += 1
                continue
            if read_field(cursor, &field):
                return cut_off(b"")
            if step.key != NO_KEY:
                (<Span*>self.key.data)[step.key] = field
            if field.data == NULL:
                at = put_null(at, step.form)
            elif step.form == NUMERIC:
                at = self._put_numeric(at, field, step, cursor)
            else:
                at = put_value(at, field, step)
            if at == NULL:
                return self.fault if self.fault else BAD_VALUE
        self.records.size = at - self.records.data
        return FINE

    cdef unsigned char* _put_numeric(
        self, unsigned char* at, Span field, const Step* step, Cursor* cursor
    ) noexcept nogil:
        """Put a numeric: as a decimal, or as text, for which this makes room: eight bytes may become 130 kB."""
        cdef Numeric number
        if not read_numeric(field, &number):
            return NULL
        if is_decimal(&number, step.precision, step.scale):
            return put_decimal(at, &number)
        cdef size_t rest = ahead(cursor) + self.program.count * <size_t>ROOM_PER_FIELD
        self.records.size = at - self.records.data
        self.fault = reserve(&self.records, numeric_text_size(&number) + rest)
        if self.fault:
            return NULL
        return put_numeric_text(self.records.data + self.records.size, &number)

    cdef Fault _end_row(self) noexcept nogil:
        cdef const Span* key = <const Span*>self.key.data
        cdef Fault fault = append_number(&self.ends, self.records.size)
        if not fault and self.row_count == self.taken_rows:
            fault = keep_key(&self.first_key, key, self.keys)
        if not fault:
            fault = keep_key(&self.last_key, key, self.keys)
        if not fault:
            self.row_count += 1
        return fault

    cdef int check(self) except -1:
        """Raise the fault of the stream, if there is one."""
        if not self.fault:
            return 0
        if self.fault == NO_MEMORY:
            raise MemoryError(f"no memory for {self._where()} of a COPY")
        raise IntegrityError(
            f"PostgreSQL's COPY stream is broken in {self._where()}: {self._rule()}. Nothing of that row was kept."
            " Run it again; if it repeats, the server or a proxy before it is at fault."
        )

    cdef _where(self):
        row = f"row {self.row_count + 1}"
        return row if self.column == NO_KEY else f"{row}, column {self.column + 1}"

    cdef _rule(self):
        cdef const Step* step = &self.program.steps[max(self.column, 0)]
        if self.fault != BAD_VALUE:
            return self.fault.decode()
        what = f"a value of form {Form(step.form).name} is not valid"
        return f"{what}, has a zero byte, or is not UTF-8" if step.form in TEXTS else what
