"""Canonical `BigtableRow` records to serialized `google.bigtable.v2.MutateRowsRequest`s.

Two passes without the interpreter: the first measures and packs entries into requests, the second
writes each request into bytes of exactly its size. The fields and their numbers are those of
`google/bigtable/v2/bigtable.proto` and `data.proto`; the output is protobuf's deterministic form.
"""

from array import array

from cpython cimport array as c_array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from transforms.bigtable.codec.cells cimport Cell, Cells, cells_at, next_cell, read_key
from transforms.codec.cursor cimport at_end
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault, unless
from transforms.codec.protobuf cimport field_size, write_field, write_head
from transforms.codec.span cimport Span
from transforms.codec.varint cimport LONGEST_VARINT, varint_size, write_varint

from transforms.bigtable.codec.mutate_request import MutateRequest
from transforms.errors import IntegrityError

cdef c_array.array ENDS = array("Q")

# Tags of MutateRowsRequest: table_name = 1, entries = 2, app_profile_id = 3. Of its Entry: row_key = 1,
# mutations = 2. Of Mutation: set_cell = 1. Of SetCell: family_name = 1, column_qualifier = 2,
# timestamp_micros = 3, value = 4.
cdef enum:
    TABLE_NAME = 0x0A
    ENTRIES = 0x12
    APP_PROFILE_ID = 0x1A
    ROW_KEY = 0x0A
    MUTATIONS = 0x12
    SET_CELL = 0x0A
    FAMILY_NAME = 0x0A
    COLUMN_QUALIFIER = 0x12
    TIMESTAMP_MICROS = 0x18
    VALUE = 0x22


cdef struct Entry:
    Span key
    const unsigned char* at  # where the walk through its cells starts,
    int64_t left             # and how many cells are left there of the array block
    uint64_t cells
    uint64_t length          # of the message, without tag and length
    bint first               # of its request


cdef struct Plan:
    Entry* entries
    size_t count
    size_t room
    uint64_t most_mutations
    uint64_t most_bytes      # for the entries of a request
    uint64_t mutations       # of the request that is being filled,
    uint64_t bytes           # and the size of its entries


cdef inline uint64_t set_cell_size(Cell* cell) noexcept nogil:
    cdef uint64_t size = 0
    if cell.family.size:
        size += field_size(cell.family.size)
    if cell.qualifier.size:
        size += field_size(cell.qualifier.size)
    if cell.timestamp:
        size += 1 + varint_size(<uint64_t>cell.timestamp)
    if cell.value.size:
        size += field_size(cell.value.size)
    return size


cdef inline Fault check_cell(const Cell* cell) noexcept nogil:
    """A negative timestamp would be replaced by the server's clock; a family name is `[-_.a-zA-Z0-9]+`."""
    cdef unsigned char every = 0
    cdef size_t place
    for place in range(cell.family.size):
        every |= cell.family.data[place]
    if every & 0x80:
        return b"the name of a column family is not ASCII"
    return unless(cell.timestamp >= 0, b"the timestamp of a cell is negative")


cdef inline void start_entry(Entry* entry, Span key, Cells* cells) noexcept nogil:
    entry.key = key
    entry.at = cells.cursor.at
    entry.left = cells.left
    entry.cells = 0
    entry.length = field_size(key.size)


cdef inline Fault place_entry(Plan* plan, Entry* entry) noexcept nogil:
    """Append an entry to the request that is being filled, or to a new one if it does not fit."""
    cdef uint64_t size = field_size(entry.length)
    entry.first = (
        plan.count == 0
        or plan.mutations + entry.cells > plan.most_mutations
        or plan.bytes + size > plan.most_bytes
    )
    if plan.count == plan.room and not grow(plan):
        return NO_MEMORY
    plan.mutations = entry.cells + (0 if entry.first else plan.mutations)
    plan.bytes = size + (0 if entry.first else plan.bytes)
    plan.entries[plan.count] = entry[0]
    plan.count += 1
    return FINE


cdef bint grow(Plan* plan) noexcept nogil:
    cdef size_t room = 2 * plan.room + 256
    cdef void* entries = realloc(plan.entries, room * sizeof(Entry))
    if entries != NULL:
        plan.entries = <Entry*>entries
        plan.room = room
    return entries != NULL


cdef Fault plan_record(Plan* plan, Cells* cells) noexcept nogil:
    """Measure one record; it is cut into several entries only if it alone is past a limit."""
    cdef Cell cell
    cdef Entry entry
    cdef Cells before
    cdef uint64_t size
    cdef Span key
    cdef Fault fault = read_key(&cells.cursor, &key)
    if fault:
        return fault
    start_entry(&entry, key, cells)
    before = cells[0]
    while not fault and next_cell(cells, &cell):
        fault = check_cell(&cell)
        size = field_size(field_size(set_cell_size(&cell)))
        if not fault and entry.cells and (
            entry.cells == plan.most_mutations or field_size(entry.length + size) > plan.most_bytes
        ):
            fault = place_entry(plan, &entry)
            start_entry(&entry, key, &before)
        entry.cells += 1
        entry.length += size
        before = cells[0]
    if not fault:
        fault = cells.fault
    return fault if fault or not entry.cells else place_entry(plan, &entry)


cdef Fault plan_records(Plan* plan, Cells* cells) noexcept nogil:
    cdef Fault fault = FINE
    while not fault and not at_end(&cells.cursor):
        fault = plan_record(plan, cells)
    return fault


cdef inline unsigned char* write_mutation(unsigned char* out, Cell* cell) noexcept nogil:
    cdef uint64_t size = set_cell_size(cell)
    out = write_head(out, MUTATIONS, field_size(size))
    out = write_head(out, SET_CELL, size)
    out = write_field(out, FAMILY_NAME, cell.family)
    out = write_field(out, COLUMN_QUALIFIER, cell.qualifier)
    if cell.timestamp:
        out[0] = TIMESTAMP_MICROS
        out = write_varint(out + 1, <uint64_t>cell.timestamp)
    return write_field(out, VALUE, cell.value)


cdef unsigned char* write_entry(unsigned char* out, Entry* entry, const unsigned char* end) noexcept nogil:
    cdef Cell cell
    cdef Cells cells = cells_at(entry.at, end, entry.left)
    cdef uint64_t written = 0
    out = write_head(out, ENTRIES, entry.length)
    out = write_field(out, ROW_KEY, entry.key)
    while written < entry.cells and next_cell(&cells, &cell):
        out = write_mutation(out, &cell)
        written += 1
    return out


cdef object write_request(Entry* entries, size_t count, const unsigned char* end, bytes prefix, bytes suffix):
    """The request made of `count` neighbouring entries of the plan."""
    cdef uint64_t size = len(prefix), mutations = 0
    cdef size_t place
    cdef c_array.array ends = c_array.clone(ENDS, count, zero=False)
    for place in range(count):
        size += field_size(entries[place].length)
        mutations += entries[place].cells
        ends.data.as_ulonglongs[place] = size
    cdef bytes data = PyBytes_FromStringAndSize(NULL, size + len(suffix))
    cdef unsigned char* out = <unsigned char*>PyBytes_AS_STRING(data)
    memcpy(out, PyBytes_AS_STRING(prefix), len(prefix))
    out += len(prefix)
    with nogil:
        for place in range(count):
            out = write_entry(out, &entries[place], end)
    memcpy(out, PyBytes_AS_STRING(suffix), len(suffix))
    return MutateRequest(data, prefix, suffix, ends, mutations)


cdef list write_requests(Plan* plan, const unsigned char* end, bytes prefix, bytes suffix):
    cdef list requests = []
    cdef size_t start = 0, stop
    while start < plan.count:
        stop = start + 1
        while stop < plan.count and not plan.entries[stop].first:
            stop += 1
        requests.append(write_request(&plan.entries[start], stop - start, end, prefix, suffix))
        start = stop
    return requests


cdef bytes text_field(unsigned char tag, str text):
    """A string field as bytes; proto3 leaves an empty one out."""
    cdef bytes content = text.encode()
    cdef unsigned char[1 + LONGEST_VARINT] head
    cdef unsigned char* end = write_head(&head[0], tag, len(content))
    return head[:end - head] + content if content else b""


def encode(
    const unsigned char[::1] records not None,
    str table_name not None,
    str app_profile_id not None,
    Py_ssize_t most_mutations=100_000,
    Py_ssize_t most_bytes=4 << 20,
):
    """See the stub."""
    if most_mutations < 1 or most_bytes < 1:
        raise ValueError("most_mutations and most_bytes must be at least 1")
    if records.shape[0] == 0:
        return []
    cdef bytes prefix = text_field(TABLE_NAME, table_name), suffix = text_field(APP_PROFILE_ID, app_profile_id)
    cdef const unsigned char* start = &records[0]
    cdef const unsigned char* end = start + records.shape[0]
    cdef Plan plan = Plan(NULL, 0, 0, most_mutations, max(0, most_bytes - len(prefix) - len(suffix)), 0, 0)
    cdef Cells cells = cells_at(start, end, 0)
    cdef Fault fault
    try:
        with nogil:
            fault = plan_records(&plan, &cells)
        raise_fault(fault, cells.cursor.at - start)
        return write_requests(&plan, end, prefix, suffix)
    finally:
        free(plan.entries)


cdef int raise_fault(Fault fault, size_t offset) except -1:
    if fault == NO_MEMORY:
        raise MemoryError("no memory for the plan of the requests")
    if fault:
        raise IntegrityError(
            f"A BigtableRow record is malformed before byte {offset} of its block: "
            f"{fault.decode()}. Nothing of the block was written; verify the backup."
        )
    return 0
