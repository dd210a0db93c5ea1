"""From the rows of a binary COPY TO STDOUT to canonical Avro records.

The format is that of https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format": a header, rows of
fields, a trailer; the server puts no more than one row in a message, the header before the first row. A
record is the canonical Avro of `avro_schema.avro_schema`: one encoding for each row.
"""

cimport cython

from libc.stdint cimport int16_t, uint64_t, uintptr_t

from transforms.codec.buffer cimport (
    Buffer, append_number, array_of, clear, content, release, reserve,
)
from transforms.codec.cursor cimport Cursor, ahead, at_end, inside
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault
from transforms.codec.span cimport Span, bytes_of, span, span_of
from transforms.postgres.codec.column_program cimport (
    NO_KEY, NUMERIC, PRESENCE, Program, Step, load_program, release_program,
)
from transforms.postgres.codec.copy_header cimport cut_off, read_header
from transforms.postgres.codec.copy_value cimport (
    BAD_VALUE, ROOM_PER_FIELD, put_decimal, put_null, put_numeric_text, put_value,
)
from transforms.postgres.codec.key_fields cimport keep_key, key_fields
from transforms.postgres.codec.numeric cimport Numeric, is_decimal, numeric_text_size, read_numeric
from transforms.postgres.codec.wire cimport read_field, read_int16, uint16_of, uint32_of

from transforms.errors import IntegrityError
from transforms.postgres.codec.column import TEXTS, Form
from transforms.postgres.codec.libpq import address

# What `pull` says.
FULL = 1
WAIT = 0
ENDED = -1
FAILED = -2

cdef extern from *:
    """
    typedef int (*shardkeep_get_copy_data)(void *connection, char **row, int async);
    typedef void (*shardkeep_free_memory)(void *memory);
    """
    ctypedef int (*GetCopyData "shardkeep_get_copy_data")(void*, char**, int) noexcept nogil
    ctypedef void (*FreeMemory "shardkeep_free_memory")(void*) noexcept nogil

cdef enum:
    TRAILER = -1
    TID_SIZE = 6
    MOST_ROWS = 1 << 20
    # Memory that stays with a transcoder when its records are taken.
    KEPT_BYTES = 4 << 20


@cython.final
cdef class CopyTranscoder:
    """Transcodes the rows of one COPY stream; use it from one thread at a time.

    The GIL is released while rows are taken and transcoded. After an error every further call raises again.
    """

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
    cdef bint ended
    cdef uint64_t last_tid
    cdef uint64_t row_count
    cdef uint64_t taken_rows
    cdef Fault fault
    cdef GetCopyData get_copy_data
    cdef FreeMemory free_memory

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
        """Number of rows in hand: those that the next `take` gives."""
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
            self.fault = self._take_message(message)
        self._check()

    def pull(self, uintptr_t connection, size_t limit):
        """Take and transcode rows that libpq has in hand, without waiting for more.

        Args:
            connection: Address of a `PGconn` of psycopg's that is in COPY TO STDOUT (`pgconn.pgconn_ptr`).
            limit: Bytes of records in hand, at least 1, at which to stop; 2^20 rows are the most in any case.

        Returns:
            FULL: the limit is reached.
            WAIT: libpq has no more: wait for the socket and call `consume_input`, then pull again.
            ENDED: the stream is complete up to its trailer; `get_result` has yet to say that the command succeeded.
            FAILED: the stream ended before its trailer; `get_result` says why. Without an error there, the
                stream is cut off: that is an integrity error too.

        Raises:
            IntegrityError: as `feed`.
            UnreachableError: if psycopg runs without its C implementation.
        """
        cdef int got
        self._check()
        if self.get_copy_data == NULL:
            self.get_copy_data = <GetCopyData><uintptr_t>address("PQgetCopyData")
            self.free_memory = <FreeMemory><uintptr_t>address("PQfreemem")
        with nogil:
            got = self._drain(<void*>connection, max(limit, <size_t>1))
        self._check()
        return ENDED if got == -1 and self.ended else FAILED if got < 0 else FULL if got else WAIT

    def take(self):
        """Give away what is in hand, which leaves the transcoder empty for the rows that follow.

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

    cdef int _drain(self, void* connection, size_t limit) noexcept nogil:
        """Take rows up to the limit, the last row in hand or an error; 1 at the limit, else what libpq said."""
        cdef char* row = NULL
        cdef int got = 1
        while got > 0 and self.records.size < limit and self.row_count - self.taken_rows < MOST_ROWS:
            got = self.get_copy_data(connection, &row, 1)
            if got > 0:
                self.fault = self._take_message(span(<const unsigned char*>row, got))
                self.free_memory(row)
                if self.fault:
                    return 1
        return got

    cdef Fault _take_message(self, Span message) noexcept nogil:
        cdef Cursor cursor = inside(message)
        cdef Fault fault = self.fault
        if not fault and not self.begun:
            fault = read_header(&cursor)
            self.begun = True
        while not fault and not at_end(&cursor):
            fault = self._take_row(&cursor)
        return fault

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
        """Put a numeric: as a decimal, or as text, for which this makes room, as eight bytes may stand for 130 kB."""
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

    cdef _check(self):
        """Raise what a broken rule is to people."""
        if not self.fault:
            return
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
        what = f"a value of form {Form(step.form).name} is none of its type"
        return f"{what}, has a zero byte, or is not UTF-8" if step.form in TEXTS else what
