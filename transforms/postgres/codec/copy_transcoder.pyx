"""From the rows of a binary COPY TO STDOUT to canonical Avro records.

The format is that of https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format": a header, rows of
fields, a trailer; the server puts no more than one row in a message, the header before the first row. A
record is the canonical Avro of `avro_schema.avro_schema`: one encoding for each row.
"""

cimport cython
from array import array

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int16_t, uint8_t, uint64_t, uintptr_t

from transforms.avro.bytes_buffer cimport Buffer, Cursor, Span, append, clear, content, release, reserve, span
from transforms.postgres.codec.copy_header cimport (
    AFTER_TRAILER, BAD_TID, BAD_VALUE, CUT_OFF, GOING_ON, NO_MEMORY, NO_SIGNATURE, TID_ORDER, TRAILER_SEEN,
    UNKNOWN_FLAGS, WRONG_COUNT, Outcome, take_header,
)
from transforms.postgres.codec.copy_value cimport (
    NUMERIC, PRESENCE, ROOM_PER_FIELD, UNCHECKED, Step, put_decimal, put_null, put_numeric_text, put_value,
)
from transforms.postgres.codec.key_fields cimport bytes_of, key_fields, keep_key
from transforms.postgres.codec.numeric cimport Numeric, is_decimal, numeric_text_size, read_numeric
from transforms.postgres.codec.wire cimport read_field, read_int16, uint16_of, uint32_of

from transforms.errors import IntegrityError
from transforms.postgres.codec.column import DIGITS_MOST, TEXTS, Form
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
    NO_KEY = -1

_RULES = {
    NO_SIGNATURE: "the stream does not begin with the signature of a binary COPY",
    UNKNOWN_FLAGS: "the header has a flag that changes the format in a way that is not known",
    CUT_OFF: "a message ends inside of a header, row or field, or a size is negative",
    WRONG_COUNT: "a row has another number of fields than was asked for",
    BAD_TID: "a row's ctid is NULL or not 6 bytes",
    TID_ORDER: "rows did not come in ascending order of ctid, so the scan was not a plain sequential one",
    AFTER_TRAILER: "bytes follow the trailer",
}


@cython.final
cdef class CopyTranscoder:
    """Transcodes the rows of one COPY stream; use it from one thread at a time.

    The GIL is released while rows are taken and transcoded. After an error every further call raises again.
    """

    cdef Buffer steps
    cdef Buffer records
    cdef Buffer ends
    cdef Buffer first_key
    cdef Buffer last_key
    cdef Buffer key
    cdef int columns
    cdef int fields
    cdef int keys
    cdef int column
    cdef bint has_ctid
    cdef bint begun
    cdef uint64_t last_tid
    cdef uint64_t row_count
    cdef uint64_t taken_rows
    cdef Outcome outcome
    cdef GetCopyData get_copy_data
    cdef FreeMemory free_memory

    def __init__(self, bytes program not None, keys=(), bint ctid=False):
        """Make a transcoder of rows of the columns in `program` (see `column.program`), after a ctid if `ctid`.

        Raises:
            ValueError: if the program is malformed or `keys` names a place that has no field, or one twice.
        """
        self.has_ctid = ctid
        self.columns = len(program) // 3
        self.keys = 1 if ctid else len(keys)
        if len(program) % 3 or not program:
            raise ValueError("a program has three bytes for each of one or more columns")
        self._allot(&self.steps, self.columns * sizeof(Step))
        self._allot(&self.key, max(self.keys, 1) * sizeof(Span))
        self._compile(<const uint8_t*>PyBytes_AS_STRING(program), list(keys))

    cdef _allot(self, Buffer* buffer, size_t size):
        if not reserve(buffer, size):
            raise MemoryError("no memory for a program of columns")

    cdef _compile(self, const uint8_t* code, list keys):
        cdef Step* steps = <Step*>self.steps.data
        cdef int i
        for i in range(self.columns):
            steps[i] = step_of(code + 3 * i)
            steps[i].key = keys.index(i) if i in keys and not self.has_ctid else NO_KEY
        fields = [i for i in range(self.columns) if steps[i].form != PRESENCE]
        self.fields = len(fields) + self.has_ctid
        if len(set(keys)) != len(keys) or not set(keys) <= set(fields):
            raise ValueError(f"keys {keys} must be different places of columns with a field")

    def __dealloc__(self):
        release(&self.steps)
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
        cdef Span message = span(<const unsigned char*>PyBytes_AS_STRING(row), PyBytes_GET_SIZE(row))
        with nogil:
            self._take_message(message)
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
        return ENDED if got == -1 and self.outcome == TRAILER_SEEN else FAILED if got < 0 else FULL if got else WAIT

    def take(self):
        """Give away what is in hand, which leaves the transcoder empty for the rows that follow.

        Returns:
            Number of rows; their records back to back; for each row the offset where its record ends (array
            of type Q); the raw fields of the first row's key and of the last row's: `(ctid,)`, or the key
            columns in their order. Without rows the keys are empty.
        """
        cdef uint64_t rows = self.row_count - self.taken_rows
        record_ends = array("Q")
        record_ends.frombytes(bytes_of(content(&self.ends)))
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
                self._take_message(span(<const unsigned char*>row, got))
                self.free_memory(row)
                if self.outcome > TRAILER_SEEN:
                    return 1
        return got

    cdef void _take_message(self, Span message) noexcept nogil:
        cdef Cursor cursor
        cursor.at, cursor.end = message.data, message.data + message.size
        if not self.begun and self.outcome == GOING_ON:
            self.outcome = take_header(&cursor)
            self.begun = True
        while cursor.at < cursor.end and self.outcome <= TRAILER_SEEN:
            self.outcome = AFTER_TRAILER if self.outcome == TRAILER_SEEN else self._take_row(&cursor)

    cdef Outcome _take_row(self, Cursor* cursor) noexcept nogil:
        cdef int16_t count
        cdef Outcome outcome
        self.column = NO_KEY
        if not read_int16(cursor, &count):
            return CUT_OFF
        if count == TRAILER:
            return TRAILER_SEEN
        if count != self.fields:
            return WRONG_COUNT
        if not reserve(&self.records, cursor.end - cursor.at + self.columns * <size_t>ROOM_PER_FIELD):
            return NO_MEMORY
        if self.has_ctid:
            outcome = self._take_tid(cursor)
            if outcome != GOING_ON:
                return outcome
        outcome = self._take_columns(cursor)
        return self._end_row() if outcome == GOING_ON else outcome

    cdef Outcome _take_tid(self, Cursor* cursor) noexcept nogil:
        """Take a ctid, block number and offset, which must be above the one before."""
        cdef Span* key = <Span*>self.key.data
        cdef uint64_t tid
        if not read_field(cursor, key):
            return CUT_OFF
        if key.size != TID_SIZE:
            return BAD_TID
        tid = <uint64_t>uint32_of(key.data) << 16 | uint16_of(key.data + 4)
        if self.row_count and tid <= self.last_tid:
            return TID_ORDER
        self.last_tid = tid
        return GOING_ON

    cdef Outcome _take_columns(self, Cursor* cursor) noexcept nogil:
        cdef const Step* steps = <const Step*>self.steps.data
        cdef const Step* step
        cdef unsigned char* at = self.records.data + self.records.size
        cdef Span field
        cdef int i
        for i in range(self.columns):
            step = steps + i
            self.column = i
            if step.form == PRESENCE:
                at[0] = 1
                at += 1
                continue
            if not read_field(cursor, &field):
                return CUT_OFF
            if step.key != NO_KEY:
                (<Span*>self.key.data)[step.key] = field
            if field.data == NULL:
                at = put_null(at, step.form)
            elif step.form == NUMERIC:
                at = self._put_numeric(at, field, step, cursor)
            else:
                at = put_value(at, field, step)
            if at == NULL:
                return BAD_VALUE if self.outcome == GOING_ON else self.outcome
        self.records.size = at - self.records.data
        return GOING_ON

    cdef unsigned char* _put_numeric(
        self, unsigned char* at, Span field, const Step* step, Cursor* cursor
    ) noexcept nogil:
        """Put a numeric: as a decimal, or as text, for which this makes room, as eight bytes may stand for 130 kB."""
        cdef Numeric number
        if not read_numeric(field, &number):
            return NULL
        if is_decimal(&number, step.precision, step.scale):
            return put_decimal(at, &number)
        cdef size_t rest = cursor.end - cursor.at + self.columns * <size_t>ROOM_PER_FIELD
        self.records.size = at - self.records.data
        if not reserve(&self.records, numeric_text_size(&number) + rest):
            self.outcome = NO_MEMORY
            return NULL
        return put_numeric_text(self.records.data + self.records.size, &number)

    cdef Outcome _end_row(self) noexcept nogil:
        cdef uint64_t end = self.records.size
        if not append(&self.ends, span(<const unsigned char*>&end, sizeof(end))):
            return NO_MEMORY
        if self.row_count == self.taken_rows and not keep_key(&self.first_key, <const Span*>self.key.data, self.keys):
            return NO_MEMORY
        if not keep_key(&self.last_key, <const Span*>self.key.data, self.keys):
            return NO_MEMORY
        self.row_count += 1
        return GOING_ON

    cdef _check(self):
        """Raise what a broken rule is to people."""
        if self.outcome <= TRAILER_SEEN:
            return
        if self.outcome == NO_MEMORY:
            raise MemoryError(f"no memory for {self._where()} of a COPY")
        raise IntegrityError(
            f"PostgreSQL's COPY stream is broken in {self._where()}: {self._rule()}. Nothing of that row was kept."
            " Run it again; if it repeats, the server or a proxy before it is at fault."
        )

    cdef _where(self):
        row = f"row {self.row_count + 1}"
        return row if self.column == NO_KEY else f"{row}, column {self.column + 1}"

    cdef _rule(self):
        cdef const Step* step = <const Step*>self.steps.data + max(self.column, 0)
        if self.outcome != BAD_VALUE:
            return _RULES[self.outcome]
        what = f"a value of form {Form(step.form).name} is none of its type"
        return f"{what}, has a zero byte, or is not UTF-8" if step.form in TEXTS else what


cdef Step step_of(const uint8_t* code):
    """The column of a program's three bytes.

    Raises:
        ValueError: if there is no such form, no text to leave unchecked, or no such decimal.
    """
    cdef Step step
    form = Form(code[0] & ~UNCHECKED)
    step.form, step.checked, step.key = form, not code[0] & UNCHECKED, NO_KEY
    step.precision, step.scale = code[1], code[2]
    if not step.checked and form not in TEXTS:
        raise ValueError(f"a column of form {form.name} has no text to leave unchecked")
    if form == NUMERIC and not (step.scale <= step.precision and 1 <= step.precision <= DIGITS_MOST):
        raise ValueError(f"numeric({step.precision}, {step.scale}) fits no Avro decimal of {DIGITS_MOST} digits")
    return step
