"""A row that is being put together from chunks, and the rules that its chunks must keep."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from transforms.avro.primitives cimport write_bytes
from transforms.bigtable.codec.cell_chunk cimport CellChunk
from transforms.codec.buffer cimport Buffer, append, append_number, clear, content, release, reserve
from transforms.codec.fault cimport FINE, Fault, unless
from transforms.codec.span cimport Span, compare, same, span
from transforms.codec.utf8 cimport is_utf8
from transforms.codec.varint cimport LONGEST_VARINT, write_varint, zigzag

cdef enum:
    # Memory that an ordinary row may keep for the next one.
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
    # Size of a value that comes in pieces (0: no such value), and how much of it is still to come.
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


cdef inline Fault begin(Row* row, Span key) noexcept nogil:
    row.is_open = True
    return append(&row.key, key)


cdef inline Span last_family(const Row* row) noexcept nogil:
    return span(row.cells.data + row.family_at, row.family_size)


cdef inline Span last_qualifier(const Row* row) noexcept nogil:
    return span(row.cells.data + row.qualifier_at, row.qualifier_size)


cdef inline Fault begin_run(Row* row, Span family) noexcept nogil:
    if not is_utf8(family):
        return b"a family name is not UTF-8"
    if row.count and compare(family, last_family(row)) < 0:
        row.is_disordered = True
    return append_number(&row.runs, row.cells.size)


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


cdef inline Fault add_cell(Row* row, const CellChunk* chunk) noexcept nogil:
    cdef size_t family_size = chunk.family.size if chunk.has_family else row.family_size
    cdef size_t qualifier_size = chunk.qualifier.size if chunk.has_qualifier else row.qualifier_size
    # Room first: what is inherited lies in the buffer, which may move.
    cdef Fault fault = reserve(&row.cells, family_size + qualifier_size + chunk.value.size + 4 * LONGEST_VARINT)
    if fault:
        return fault
    cdef Span family = chunk.family if chunk.has_family else last_family(row)
    if row.count == 0 or (chunk.has_family and not same(family, last_family(row))):
        fault = begin_run(row, family)
    if not fault:
        write_cell(row, family, chunk.qualifier if chunk.has_qualifier else last_qualifier(row), chunk)
    return fault


cdef inline Fault wrong_size() noexcept nogil:
    return b"the pieces of a value do not add up to the value_size announced"


cdef inline Fault check_cell(const Row* row, const CellChunk* chunk) noexcept nogil:
    if chunk.has_family and not chunk.has_qualifier:
        return b"a chunk has a family and no qualifier"
    if row.count == 0 and not chunk.has_family:
        return b"the first cell of a row has no family"
    if chunk.timestamp < 0:
        return b"a cell has a negative timestamp"
    return wrong_size() if chunk.value_size and chunk.value.size > <size_t>chunk.value_size else FINE


cdef inline bint is_changed(const Row* row, const CellChunk* chunk) noexcept nogil:
    """Whether a piece belongs to another cell than the first piece of the value, whose fields it may repeat."""
    if chunk.has_family and not same(chunk.family, last_family(row)):
        return True
    if chunk.has_qualifier and not same(chunk.qualifier, last_qualifier(row)):
        return True
    return chunk.timestamp != 0 and chunk.timestamp != row.timestamp


cdef inline Fault check_piece(const Row* row, const CellChunk* chunk) noexcept nogil:
    if is_changed(row, chunk):
        return b"the family, qualifier or timestamp changed in the middle of a value"
    if chunk.value_size and chunk.value_size != row.value_size:
        return wrong_size()
    cdef int64_t missing = row.missing - <int64_t>chunk.value.size
    return wrong_size() if missing < 0 or (missing and not chunk.value_size) else FINE


cdef inline Fault add_piece(Row* row, const CellChunk* chunk) noexcept nogil:
    row.missing -= chunk.value.size
    row.value_size = chunk.value_size
    return append(&row.cells, chunk.value)


cdef inline Fault check_chunk(const Row* row, const CellChunk* chunk) noexcept nogil:
    if chunk.row_key.size and not same(chunk.row_key, content(&row.key)):
        return b"the row key changed before the row was committed"
    if chunk.has_labels:
        return b"a cell has labels, which were not asked for and have no place in a backup"
    if chunk.value_size < 0:
        return b"a chunk has a negative value_size"
    return unless(not chunk.value_size or not chunk.commit_row, b"a row was committed in the middle of a value")


cdef inline Fault add_chunk(Row* row, const CellChunk* chunk) noexcept nogil:
    """Add a chunk, which is a cell or a piece of one, to an open row."""
    cdef Fault fault = check_chunk(row, chunk)
    if fault:
        return fault
    if row.value_size:
        fault = check_piece(row, chunk)
        return fault if fault else add_piece(row, chunk)
    fault = check_cell(row, chunk)
    return fault if fault else add_cell(row, chunk)
