"""A row that is being put together from chunks, and the rules that its chunks must keep."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from transforms.avro.bytes_buffer cimport (
    Buffer, LONGEST_VARINT, Span, append, clear, compare, content, release, reserve, same, span, write_varint, zigzag,
)
from transforms.avro.primitives cimport is_utf8, write_bytes
from transforms.bigtable.codec.cell_chunk cimport CellChunk

cdef enum Outcome:
    GOING_ON
    BATCH_FULL
    NO_MEMORY
    MALFORMED
    NO_ROW_KEY
    ROW_KEY_ORDER
    ROW_KEY_CHANGED
    NO_FAMILY
    FAMILY_WITHOUT_QUALIFIER
    FAMILY_NOT_UTF8
    NEGATIVE_TIMESTAMP
    LABELLED
    NEGATIVE_SIZE
    WRONG_SIZE
    COMMIT_IN_CELL
    CELL_CHANGED
    RESET_WITHOUT_ROW
    RESET_WITH_DATA
    SCANNED_IN_ROW
    SCANNED_ORDER
    ROW_NOT_COMMITTED

cdef enum:
    # Memory that an ordinary row may leave behind for the next one.
    KEPT_BYTES = 4 << 20

cdef struct Row:
    Buffer key
    # The cells as Avro, in the order of the server; the last one may still miss bytes of its value.
    Buffer cells
    # Offsets in `cells` where a family begins that is not the family of the cell before.
    Buffer runs
    Buffer scratch
    int64_t count
    # Where the last cell keeps what the next one may inherit.
    size_t family_at
    size_t family_size
    size_t qualifier_at
    size_t qualifier_size
    int64_t timestamp
    # The whole size of a value that comes in pieces (0: none does), and how much of it is to come.
    int32_t value_size
    int64_t missing
    bint is_open
    bint is_disordered


cdef inline void forget(Row* row) noexcept nogil:
    clear(&row.key, KEPT_BYTES)
    clear(&row.cells, KEPT_BYTES)
    clear(&row.runs, KEPT_BYTES)
    clear(&row.scratch, KEPT_BYTES)
    row.count = row.value_size = 0
    row.is_open = row.is_disordered = False


cdef inline void release_row(Row* row) noexcept nogil:
    release(&row.key)
    release(&row.cells)
    release(&row.runs)
    release(&row.scratch)


cdef inline Outcome begin(Row* row, Span key) noexcept nogil:
    if not append(&row.key, key):
        return NO_MEMORY
    row.is_open = True
    return GOING_ON


cdef inline Span last_family(const Row* row) noexcept nogil:
    return span(row.cells.data + row.family_at, row.family_size)


cdef inline Span last_qualifier(const Row* row) noexcept nogil:
    return span(row.cells.data + row.qualifier_at, row.qualifier_size)


cdef inline Outcome begin_run(Row* row, Span family) noexcept nogil:
    cdef size_t start = row.cells.size
    if not is_utf8(family):
        return FAMILY_NOT_UTF8
    if row.count and compare(family, last_family(row)) < 0:
        row.is_disordered = True
    return GOING_ON if append(&row.runs, span(<const unsigned char*>&start, sizeof(start))) else NO_MEMORY


cdef inline void write_cell(Row* row, Span family, Span qualifier, const CellChunk* chunk) noexcept nogil:
    """Write the cell, for which there is room, as far as its value has come."""
    cdef unsigned char* at = row.cells.data + row.cells.size
    cdef size_t value_size = chunk.value_size if chunk.value_size else chunk.value.size
    at = write_bytes(at, family)
    row.family_size = family.size
    row.family_at = at - row.cells.data - family.size
    at = write_bytes(at, qualifier)
    row.qualifier_size = qualifier.size
    row.qualifier_at = at - row.cells.data - qualifier.size
    at = write_varint(at, zigzag(chunk.timestamp))
    row.timestamp = chunk.timestamp
    at = write_varint(at, <uint64_t>value_size << 1)
    row.cells.size = at - row.cells.data
    append(&row.cells, chunk.value)
    row.value_size = chunk.value_size
    row.missing = value_size - chunk.value.size
    row.count += 1


cdef inline Outcome add_cell(Row* row, const CellChunk* chunk) noexcept nogil:
    cdef Outcome outcome = GOING_ON
    cdef size_t family_size = chunk.family.size if chunk.has_family else row.family_size
    cdef size_t qualifier_size = chunk.qualifier.size if chunk.has_qualifier else row.qualifier_size
    # Room first: what is inherited lies in the buffer, which may move.
    if not reserve(&row.cells, family_size + qualifier_size + chunk.value.size + 4 * LONGEST_VARINT):
        return NO_MEMORY
    cdef Span family = chunk.family if chunk.has_family else last_family(row)
    if row.count == 0 or (chunk.has_family and not same(family, last_family(row))):
        outcome = begin_run(row, family)
    if outcome == GOING_ON:
        write_cell(row, family, chunk.qualifier if chunk.has_qualifier else last_qualifier(row), chunk)
    return outcome


cdef inline Outcome check_cell(const Row* row, const CellChunk* chunk) noexcept nogil:
    if chunk.has_family and not chunk.has_qualifier:
        return FAMILY_WITHOUT_QUALIFIER
    if row.count == 0 and not chunk.has_family:
        return NO_FAMILY
    if chunk.timestamp < 0:
        return NEGATIVE_TIMESTAMP
    return WRONG_SIZE if chunk.value_size and chunk.value.size > <size_t>chunk.value_size else GOING_ON


cdef inline Outcome check_piece(const Row* row, const CellChunk* chunk) noexcept nogil:
    """Check a piece of a value: it may repeat what the first piece said, and must not differ."""
    if chunk.has_family and not same(chunk.family, last_family(row)):
        return CELL_CHANGED
    if chunk.has_qualifier and not same(chunk.qualifier, last_qualifier(row)):
        return CELL_CHANGED
    if chunk.timestamp and chunk.timestamp != row.timestamp:
        return CELL_CHANGED
    if chunk.value_size and chunk.value_size != row.value_size:
        return WRONG_SIZE
    cdef int64_t missing = row.missing - <int64_t>chunk.value.size
    return WRONG_SIZE if missing < 0 or (missing and not chunk.value_size) else GOING_ON


cdef inline Outcome add_piece(Row* row, const CellChunk* chunk) noexcept nogil:
    if not append(&row.cells, chunk.value):
        return NO_MEMORY
    row.missing -= chunk.value.size
    row.value_size = chunk.value_size
    return GOING_ON


cdef inline Outcome add_chunk(Row* row, const CellChunk* chunk) noexcept nogil:
    """Add a chunk, which is a cell or a piece of one, to an open row."""
    cdef Outcome outcome
    if chunk.row_key.size and not same(chunk.row_key, content(&row.key)):
        return ROW_KEY_CHANGED
    if chunk.has_labels:
        return LABELLED
    if chunk.value_size < 0:
        return NEGATIVE_SIZE
    if chunk.value_size and chunk.commit_row:
        return COMMIT_IN_CELL
    if row.value_size:
        outcome = check_piece(row, chunk)
        return outcome if outcome else add_piece(row, chunk)
    outcome = check_cell(row, chunk)
    return outcome if outcome else add_cell(row, chunk)
