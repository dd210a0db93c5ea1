"""The canonical records of a whole row: cells in order of family, cut where they pass the limit."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport qsort

from transforms.avro.primitives cimport read_bytes
from transforms.bigtable.codec.avro_cell cimport MOST_RECORD_BYTES, key_field_size, put_record, skip_cell
from transforms.bigtable.codec.row cimport Row
from transforms.codec.buffer cimport (
    Buffer, append, append_number, content, count_numbers, release, reserve,
)
from transforms.codec.cursor cimport Cursor, inside
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span, compare, span

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


cdef inline Fault list_runs(Row* row) noexcept nogil:
    """Fill `scratch` with the runs in order of family."""
    cdef size_t number = count_numbers(&row.runs)
    cdef const uint64_t* starts = <const uint64_t*>row.runs.data
    cdef Fault fault = reserve(&row.scratch, number * sizeof(Run))
    if fault:
        return fault
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
    return FINE


cdef inline Fault sort_cells(Row* row) noexcept nogil:
    """Order the cells by family, bytewise; within a family as the server did."""
    cdef Buffer ordered = Buffer(NULL, 0, 0)
    cdef Fault fault = list_runs(row)
    if not fault:
        fault = reserve(&ordered, row.cells.size)
    if fault:
        return fault
    cdef const Run* runs = <const Run*>row.scratch.data
    cdef size_t i
    for i in range(row.scratch.size // sizeof(Run)):
        append(&ordered, runs[i].cells)
    release(&row.cells)
    row.cells = ordered
    return FINE


cdef inline Fault end_record(Buffer* records, Buffer* ends, Span key, Span cells, int64_t count) noexcept nogil:
    cdef Fault fault = put_record(records, key, cells, count)
    return fault if fault else append_number(ends, records.size)


cdef inline Fault put_pieces(const Row* row, Buffer* records, Buffer* ends) noexcept nogil:
    """Append a row too large for one record, cut where the next cell would pass the limit."""
    cdef Span key = content(&row.key)
    cdef size_t room = MOST_RECORD_BYTES - key_field_size(key) if key_field_size(key) < MOST_RECORD_BYTES else 0
    cdef Cursor cursor = inside(content(&row.cells))
    cdef const unsigned char* start = cursor.at
    cdef const unsigned char* cell = cursor.at
    cdef int64_t count = 0
    cdef Fault fault = FINE
    while not fault and cell < cursor.end:
        skip_cell(&cursor)
        if count and <size_t>(cursor.at - start) > room:
            fault = end_record(records, ends, key, span(start, cell - start), count)
            start, count = cell, 0
        cell = cursor.at
        count += 1
    return fault if fault else end_record(records, ends, key, span(start, cell - start), count)


cdef inline Fault put_row(Row* row, Buffer* records, Buffer* ends) noexcept nogil:
    """Append the canonical records of a whole row, and where they end."""
    cdef Fault fault = sort_cells(row) if row.is_disordered else FINE
    if fault:
        return fault
    if key_field_size(content(&row.key)) + row.cells.size <= MOST_RECORD_BYTES:
        return end_record(records, ends, content(&row.key), content(&row.cells), row.count)
    return put_pieces(row, records, ends)
