"""The canonical records of a whole row: cells in order of family, cut where they pass the limit."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport qsort

from transforms.avro.bytes_buffer cimport Buffer, Cursor, Span, append, compare, content, release, reserve, span
from transforms.avro.primitives cimport read_bytes
from transforms.bigtable.codec.avro_cell cimport MOST_RECORD_BYTES, key_field_size, put_record, skip_cell
from transforms.bigtable.codec.cell_chunk cimport inside
from transforms.bigtable.codec.row cimport Row

# Neighbouring cells of one family.
cdef struct Run:
    Span family
    Span cells


cdef inline int compare_runs(const void* left, const void* right) noexcept nogil:
    cdef const Run* one = <const Run*>left
    cdef const Run* other = <const Run*>right
    cdef int order = compare(one.family, other.family)
    # Runs of one family keep the order of the server.
    return order if order else (one.cells.data > other.cells.data) - (one.cells.data < other.cells.data)


cdef inline bint list_runs(Row* row) noexcept nogil:
    """Fill `scratch` with the runs in order of family; False if there is no memory."""
    cdef size_t number = row.runs.size // sizeof(size_t)
    cdef const size_t* starts = <const size_t*>row.runs.data
    if not reserve(&row.scratch, number * sizeof(Run)):
        return False
    cdef Run* runs = <Run*>row.scratch.data
    cdef Cursor cursor
    cdef size_t i, end
    for i in range(number):
        end = starts[i + 1] if i + 1 < number else row.cells.size
        runs[i].cells = span(row.cells.data + starts[i], end - starts[i])
        cursor = inside(runs[i].cells)
        read_bytes(&cursor, &runs[i].family)
    qsort(runs, number, sizeof(Run), compare_runs)
    row.scratch.size = number * sizeof(Run)
    return True


cdef inline bint sort_cells(Row* row) noexcept nogil:
    """Order the cells by family, bytewise, and else as the server did; False if there is no memory."""
    cdef Buffer ordered = Buffer(NULL, 0, 0)
    if not list_runs(row) or not reserve(&ordered, row.cells.size):
        return False
    cdef const Run* runs = <const Run*>row.scratch.data
    cdef size_t i
    for i in range(row.scratch.size // sizeof(Run)):
        append(&ordered, runs[i].cells)
    release(&row.cells)
    row.cells = ordered
    return True


cdef inline bint end_record(Buffer* records, Buffer* ends, Span key, Span cells, int64_t count) noexcept nogil:
    cdef uint64_t end
    if not put_record(records, key, cells, count):
        return False
    end = records.size
    return append(ends, span(<const unsigned char*>&end, sizeof(end)))


cdef inline bint put_pieces(const Row* row, Buffer* records, Buffer* ends) noexcept nogil:
    """Append a row too large for one record, cut where the next cell would pass the limit."""
    cdef Span key = content(&row.key)
    cdef size_t room = MOST_RECORD_BYTES - key_field_size(key) if key_field_size(key) < MOST_RECORD_BYTES else 0
    cdef Cursor cursor = inside(content(&row.cells))
    cdef const unsigned char* start = cursor.at
    cdef const unsigned char* cell = cursor.at
    cdef int64_t count = 0
    while cell < cursor.end:
        skip_cell(&cursor)
        if count and <size_t>(cursor.at - start) > room:
            if not end_record(records, ends, key, span(start, cell - start), count):
                return False
            start, count = cell, 0
        cell = cursor.at
        count += 1
    return end_record(records, ends, key, span(start, cell - start), count)


cdef inline bint put_row(Row* row, Buffer* records, Buffer* ends) noexcept nogil:
    """Append the canonical records of a whole row, and where they end; False if there is no memory."""
    if row.is_disordered and not sort_cells(row):
        return False
    if key_field_size(content(&row.key)) + row.cells.size <= MOST_RECORD_BYTES:
        return end_record(records, ends, content(&row.key), content(&row.cells), row.count)
    return put_pieces(row, records, ends)
