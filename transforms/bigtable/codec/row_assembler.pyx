"""From serialized `google.bigtable.v2.ReadRowsResponse` messages to canonical Avro records.

The rules of the protocol are those of google/bigtable/v2/bigtable.proto and of the row mergers of
Google's Python and Java clients; where one of them is stricter, so is this one.
"""

cimport cython

from libc.stdint cimport uint64_t

from transforms.avro.primitives cimport read_bytes
from transforms.bigtable.codec.cell_chunk cimport CHUNKS, LAST_SCANNED_ROW_KEY, CellChunk, read_chunk
from transforms.bigtable.codec.row cimport KEPT_BYTES, Row, add_chunk, begin, forget, release_row
from transforms.bigtable.codec.row_records cimport put_row
from transforms.codec.buffer cimport Buffer, append, array_of, clear, content, count_numbers, release
from transforms.codec.cursor cimport Cursor, at_end, inside
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault, reworded, unless
from transforms.codec.protobuf cimport read_field, read_tag, skip_field
from transforms.codec.span cimport Span, bytes_of, compare, span, span_of

from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.key_range import printable


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
    cdef Fault fault
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
        return bytes_of(content(&self.resume))

    @property
    def rows(self):
        """Number of rows committed so far."""
        return self.total_rows

    def feed(self, bytes message not None):
        """Take one serialized `google.bigtable.v2.ReadRowsResponse`; returns the batches that it completed.

        Raises:
            IntegrityError: if the message is malformed or breaks a rule of the protocol. The assembler
                is of no use afterwards: every further call raises again.
        """
        cdef Cursor cursor = inside(span_of(message))
        batches = []
        self._check(self.fault)
        with nogil:
            self.fault = self._take_last_scanned(cursor)
        self._check(self.fault)
        while not at_end(&cursor):
            with nogil:
                self.fault = self._take_chunks(&cursor)
            self._check(self.fault)
            if self._is_full():
                batches.append(self._cut_batch())
        return batches

    def finish(self):
        """End a stream that is complete; returns the remaining rows as a last batch, or None.

        Raises:
            IntegrityError: if a row is incomplete, or an earlier call failed.
        """
        if not self.fault:
            self.fault = unless(not self.row.is_open, b"the stream ended inside a row")
        self._check(self.fault)
        return self._cut_batch() if self.records.size else None

    def abandon_row(self):
        """Note that the stream broke: drop the row in progress, keep every committed row.

        The next message is the first one of a new stream that begins after `resume_key`.
        """
        forget(&self.row)

    cdef bint _is_full(self) noexcept nogil:
        return self.batch_rows and self.records.size >= self.chunk_size

    cdef Fault _take_last_scanned(self, Cursor cursor) noexcept nogil:
        """Find the last_scanned_row_key, which holds before the chunks of its message."""
        cdef Span key = span(NULL, 0)
        cdef uint64_t tag
        cdef Fault fault = FINE
        while not fault and not at_end(&cursor):
            fault = read_tag(&cursor, &tag)
            if not fault:
                fault = read_field(&cursor, &key) if tag == LAST_SCANNED_ROW_KEY else skip_field(&cursor, tag)
        return malformed(fault) if fault or not key.size else self._move_on(key)

    cdef Fault _move_on(self, Span key) noexcept nogil:
        if self.row.is_open:
            return b"last_scanned_row_key came inside a row"
        if compare(key, content(&self.resume)) <= 0:
            return b"last_scanned_row_key must be above every earlier key"
        self.resume.size = 0
        return append(&self.resume, key)

    cdef Fault _take_chunks(self, Cursor* cursor) noexcept nogil:
        """Take chunks up to the end of the message, a full batch or a fault."""
        cdef uint64_t tag
        cdef Fault fault = FINE
        while not fault and not at_end(cursor) and not self._is_full():
            fault = malformed(read_tag(cursor, &tag))
            if not fault:
                fault = self._take_chunk(cursor) if tag == CHUNKS else malformed(skip_field(cursor, tag))
        return fault

    cdef Fault _take_chunk(self, Cursor* cursor) noexcept nogil:
        cdef CellChunk chunk
        cdef Span message
        cdef Fault fault = read_field(cursor, &message)
        if not fault:
            fault = read_chunk(message, &chunk)
        return malformed(fault) if fault else self._take(&chunk)

    cdef Fault _take(self, const CellChunk* chunk) noexcept nogil:
        cdef Fault fault
        if chunk.reset_row:
            return self._reset(chunk)
        fault = FINE if self.row.is_open else self._begin(chunk.row_key)
        if not fault:
            fault = add_chunk(&self.row, chunk)
        return self._commit() if not fault and chunk.commit_row else fault

    cdef Fault _reset(self, const CellChunk* chunk) noexcept nogil:
        cdef bint has_data = chunk.row_key.size or chunk.has_family or chunk.has_qualifier or chunk.has_labels
        if not self.row.is_open:
            return b"reset_row came outside a row"
        if has_data or chunk.timestamp or chunk.value.size or chunk.value_size:
            return b"a chunk with reset_row holds data"
        forget(&self.row)
        return FINE

    cdef Fault _begin(self, Span key) noexcept nogil:
        if not key.size:
            return b"the first chunk of a row has no row key"
        cdef Fault fault = begin(&self.row, key)
        return fault if fault else unless(
            compare(key, content(&self.resume)) > 0, b"row keys must increase strictly"
        )

    cdef Fault _commit(self) noexcept nogil:
        cdef Fault fault = put_row(&self.row, &self.records, &self.ends)
        if fault:
            return fault
        self.row.key, self.resume = self.resume, self.row.key
        forget(&self.row)
        self.batch_rows += 1
        self.total_rows += 1
        return FINE

    cdef _cut_batch(self):
        cdef const uint64_t* ends = <const uint64_t*>self.ends.data
        cdef size_t count = count_numbers(&self.ends)
        cdef Span records = content(&self.records)
        cdef size_t last = ends[count - 2] if count > 1 else 0
        last_key = _key_of(span(records.data + last, records.size - last))
        batch = Batch(self.batch_rows, _key_of(records), last_key, bytes_of(records), array_of(&self.ends))
        self.batch_rows = 0
        clear(&self.records, 2 * self.chunk_size + KEPT_BYTES)
        clear(&self.ends, KEPT_BYTES)
        return batch

    cdef _check(self, Fault fault):
        """Raise the fault of the stream, if there is one."""
        if not fault:
            return
        if fault == NO_MEMORY:
            raise MemoryError(f"no memory for a row of Bigtable, {self._where()}")
        raise IntegrityError(
            f"Bigtable's answer broke the protocol, {self._where()}: {fault.decode()}."
            " No part of that row was kept. Run it again; if it repeats, the server or a proxy before it is at fault."
        )

    cdef _where(self):
        if self.row.is_open:
            return f"row {printable(bytes_of(content(&self.row.key)))}"
        if self.resume.size:
            return f"after row {printable(bytes_of(content(&self.resume)))}"
        return "before its first row"


cdef Fault malformed(Fault fault) noexcept nogil:
    return reworded(fault, b"the message is not a well-formed ReadRowsResponse")


cdef bytes _key_of(Span record):
    cdef Cursor cursor = inside(record)
    cdef Span key = span(NULL, 0)
    read_bytes(&cursor, &key)
    return bytes_of(key)
