"""From serialized `google.bigtable.v2.ReadRowsResponse` messages to canonical Avro records.

The rules of the protocol are those of google/bigtable/v2/bigtable.proto and of the row mergers of
Google's Python and Java clients; where one of them is stricter, so is this one.
"""

cimport cython
from array import array

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t

from transforms.avro.bytes_buffer cimport Buffer, Cursor, Span, append, clear, compare, content, release, span
from transforms.avro.primitives cimport read_bytes
from transforms.bigtable.codec.cell_chunk cimport (
    CHUNKS, LAST_SCANNED_ROW_KEY, CellChunk, inside, read_chunk, read_field, read_tag, skip_field,
)
from transforms.bigtable.codec.row cimport (
    BATCH_FULL, CELL_CHANGED, COMMIT_IN_CELL, FAMILY_NOT_UTF8, FAMILY_WITHOUT_QUALIFIER, GOING_ON, KEPT_BYTES,
    LABELLED, MALFORMED, NEGATIVE_SIZE, NEGATIVE_TIMESTAMP, NO_FAMILY, NO_MEMORY, NO_ROW_KEY, RESET_WITHOUT_ROW,
    RESET_WITH_DATA, ROW_KEY_CHANGED, ROW_KEY_ORDER, ROW_NOT_COMMITTED, SCANNED_IN_ROW, SCANNED_ORDER, WRONG_SIZE,
    Outcome, Row, add_chunk, begin, forget, release_row,
)
from transforms.bigtable.codec.row_records cimport put_row

from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.key_range import printable

_RULES = {
    MALFORMED: "the message is not a well-formed ReadRowsResponse",
    NO_ROW_KEY: "the first chunk of a row has no row key",
    ROW_KEY_ORDER: "row keys must increase strictly",
    ROW_KEY_CHANGED: "the row key changed before the row was committed",
    NO_FAMILY: "the first cell of a row has no family",
    FAMILY_WITHOUT_QUALIFIER: "a chunk has a family and no qualifier",
    FAMILY_NOT_UTF8: "a family name is not UTF-8",
    NEGATIVE_TIMESTAMP: "a cell has a negative timestamp",
    LABELLED: "a cell has labels, which were not asked for and have no place in a backup",
    NEGATIVE_SIZE: "a chunk has a negative value_size",
    WRONG_SIZE: "the pieces of a value do not add up to the value_size announced",
    COMMIT_IN_CELL: "a row was committed in the middle of a value",
    CELL_CHANGED: "the family, qualifier or timestamp changed in the middle of a value",
    RESET_WITHOUT_ROW: "reset_row came outside a row",
    RESET_WITH_DATA: "a chunk with reset_row holds data",
    SCANNED_IN_ROW: "last_scanned_row_key came inside a row",
    SCANNED_ORDER: "last_scanned_row_key must be above every earlier key",
    ROW_NOT_COMMITTED: "the stream ended inside a row",
}


@cython.final
cdef class RowAssembler:
    """Assembles rows from the messages of ReadRows streams and cuts batches of their Avro records.

    A batch ends with exactly the row that brings its records to `chunk_size` bytes or more, so the
    batches do not depend on how the rows were cut into messages or on streams that broke.
    Use it from one thread at a time; the GIL is released while a message is parsed.
    """

    cdef size_t chunk_size
    cdef uint64_t batch_rows
    cdef uint64_t total_rows
    cdef Outcome failure
    cdef Row row
    cdef Buffer records
    cdef Buffer ends
    cdef Buffer resume

    def __init__(self, size_t chunk_size) -> None:
        """Make an assembler whose batches hold at least `chunk_size` bytes of records, but for the last."""
        self.chunk_size = chunk_size

    def __dealloc__(self):
        release_row(&self.row)
        release(&self.records)
        release(&self.ends)
        release(&self.resume)

    @property
    def resume_key(self):
        """The last committed row key or last scanned key, whichever is later; empty if there is none."""
        return _to_bytes(content(&self.resume))

    @property
    def rows(self):
        """Number of rows committed so far."""
        return self.total_rows

    def feed(self, bytes message not None):
        """Take one serialized `google.bigtable.v2.ReadRowsResponse`; the batches that it completed.

        Raises:
            IntegrityError: if the message is malformed or breaks a rule of the protocol. The assembler
                is of no use afterwards: every further call raises again.
        """
        cdef Span whole = span(<const unsigned char*>PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message))
        cdef Cursor cursor = inside(whole)
        cdef Outcome outcome
        batches = []
        self._check(self.failure)
        with nogil:
            outcome = self._take_last_scanned(cursor)
        self._check(outcome)
        while cursor.at < cursor.end:
            with nogil:
                outcome = self._take_chunks(&cursor)
            self._check(outcome)
            if outcome == BATCH_FULL:
                batches.append(self._cut_batch())
        return batches

    def finish(self):
        """Say that the stream ended well; the rows that are left as a last batch, or None.

        Raises:
            IntegrityError: if a row is incomplete, or an earlier call failed.
        """
        self._check(self.failure)
        self._check(ROW_NOT_COMMITTED if self.row.is_open else GOING_ON)
        return self._cut_batch() if self.records.size else None

    def abandon_row(self):
        """Say that the stream broke: forget the row in progress, keep every committed row.

        The next message is the first one of a new stream that begins after `resume_key`.
        """
        forget(&self.row)

    cdef Outcome _take_last_scanned(self, Cursor cursor) noexcept nogil:
        """Find the last_scanned_row_key, which holds before the chunks of its message."""
        cdef Span key = span(NULL, 0)
        cdef uint64_t tag
        while cursor.at < cursor.end:
            if not read_tag(&cursor, &tag):
                return MALFORMED
            if not (read_field(&cursor, &key) if tag == LAST_SCANNED_ROW_KEY else skip_field(&cursor, tag)):
                return MALFORMED
        return self._move_on(key) if key.size else GOING_ON

    cdef Outcome _move_on(self, Span key) noexcept nogil:
        if self.row.is_open:
            return SCANNED_IN_ROW
        if compare(key, content(&self.resume)) <= 0:
            return SCANNED_ORDER
        self.resume.size = 0
        return GOING_ON if append(&self.resume, key) else NO_MEMORY

    cdef Outcome _take_chunks(self, Cursor* cursor) noexcept nogil:
        """Take chunks up to the end of the message, a full batch or a broken rule."""
        cdef CellChunk chunk
        cdef Span message
        cdef uint64_t tag
        cdef Outcome outcome = GOING_ON
        while outcome == GOING_ON and cursor.at < cursor.end:
            if not read_tag(cursor, &tag):
                return MALFORMED
            if tag == CHUNKS:
                if not read_field(cursor, &message) or not read_chunk(message, &chunk):
                    return MALFORMED
                outcome = self._take(&chunk)
            elif not skip_field(cursor, tag):
                return MALFORMED
        return outcome

    cdef Outcome _take(self, const CellChunk* chunk) noexcept nogil:
        cdef Outcome outcome
        if chunk.reset_row:
            return self._reset(chunk)
        outcome = GOING_ON if self.row.is_open else self._begin(chunk.row_key)
        if outcome == GOING_ON:
            outcome = add_chunk(&self.row, chunk)
        return self._commit() if outcome == GOING_ON and chunk.commit_row else outcome

    cdef Outcome _reset(self, const CellChunk* chunk) noexcept nogil:
        if not self.row.is_open:
            return RESET_WITHOUT_ROW
        if chunk.row_key.size or chunk.has_family or chunk.has_qualifier or chunk.has_labels:
            return RESET_WITH_DATA
        if chunk.timestamp or chunk.value.size or chunk.value_size:
            return RESET_WITH_DATA
        forget(&self.row)
        return GOING_ON

    cdef Outcome _begin(self, Span key) noexcept nogil:
        if not key.size:
            return NO_ROW_KEY
        cdef Outcome outcome = begin(&self.row, key)
        return ROW_KEY_ORDER if outcome == GOING_ON and compare(key, content(&self.resume)) <= 0 else outcome

    cdef Outcome _commit(self) noexcept nogil:
        if not put_row(&self.row, &self.records, &self.ends):
            return NO_MEMORY
        self.row.key, self.resume = self.resume, self.row.key
        forget(&self.row)
        self.batch_rows += 1
        self.total_rows += 1
        return BATCH_FULL if self.records.size >= self.chunk_size else GOING_ON

    cdef _cut_batch(self):
        cdef const uint64_t* ends = <const uint64_t*>self.ends.data
        cdef size_t count = self.ends.size // sizeof(uint64_t)
        cdef Span records = content(&self.records)
        cdef size_t last = ends[count - 2] if count > 1 else 0
        record_ends = array("Q")
        record_ends.frombytes(_to_bytes(content(&self.ends)))
        last_key = _key_of(span(records.data + last, records.size - last))
        batch = Batch(self.batch_rows, _key_of(records), last_key, _to_bytes(records), record_ends)
        self.batch_rows = 0
        clear(&self.records, 2 * self.chunk_size + KEPT_BYTES)
        clear(&self.ends, KEPT_BYTES)
        return batch

    cdef _check(self, Outcome outcome):
        """Raise what a broken rule is to people, and remember it."""
        if outcome == GOING_ON or outcome == BATCH_FULL:
            return
        self.failure = outcome
        if outcome == NO_MEMORY:
            raise MemoryError(f"no memory for a row of Bigtable, {self._where()}")
        raise IntegrityError(
            f"Bigtable's answer broke the protocol, {self._where()}: {_RULES[outcome]}."
            " No part of that row was kept. Run it again; if it repeats, the server or a proxy before it is at fault."
        )

    cdef _where(self):
        if self.row.is_open:
            return f"row {printable(_to_bytes(content(&self.row.key)))}"
        if self.resume.size:
            return f"after row {printable(_to_bytes(content(&self.resume)))}"
        return "before its first row"


cdef bytes _to_bytes(Span found):
    return PyBytes_FromStringAndSize(<const char*>found.data, found.size)


cdef bytes _key_of(Span record):
    cdef Cursor cursor = inside(record)
    cdef Span key = span(NULL, 0)
    read_bytes(&cursor, &key)
    return _to_bytes(key)
