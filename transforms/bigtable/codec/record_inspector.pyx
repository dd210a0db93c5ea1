"""Checks that bytes from outside are canonical Bigtable records.

Canonical: keys increase strictly, but for the pieces of one row; families are sorted bytewise within
a row; the cells are one array block with their number; varints are of the shortest form; a row has
pieces only where the next cell would take a record past its limit (see `avro_cell.pxd`). Every family is one of the
table's.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from transforms.avro.primitives cimport read_bytes, read_long
from transforms.bigtable.codec.avro_cell cimport MOST_RECORD_BYTES, key_field_size
from transforms.codec.buffer cimport Buffer, append, append_number, array_of, count_numbers, release
from transforms.codec.cursor cimport Cursor, at_end
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault, unless
from transforms.codec.span cimport Span, bytes_of, compare, same, span, span_of
from transforms.codec.utf8 cimport is_utf8

from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.key_range import printable

cdef struct Walk:
    Cursor cursor
    # Start of the field that is being read.
    const unsigned char* field
    uint64_t rows
    Span first_key
    Span last_key
    # The family of the last cell, within one row; a row begins without one.
    Span family
    bint has_family
    # The table's families as spans, sorted, and which of them was found last.
    Buffer known
    size_t found
    bint takes_any_family
    # The key and the cells of the record before this one, without count and terminator.
    size_t size_before
    Buffer ends
    Fault fault


def inspect(records, families=None) -> Batch:
    """Check canonical `BigtableRow` records, back to back, and make a batch of them.

    Args:
        records: The records, bytes-like. A copy is made unless they are `bytes`.
        families: The families that the table has, each as UTF-8; None if any will do.

    Raises:
        IntegrityError: if there is no record, or one is malformed or not canonical, or has another family; the message
            names the record, from 1, and the offset in `records`.
    """
    cdef const unsigned char[::1] view = records
    cdef Walk walk
    if not view.shape[0]:
        raise IntegrityError("Bigtable records: at least one was expected, and there is none. Verify the backup.")
    memset(&walk, 0, sizeof(walk))
    walk.cursor = Cursor(&view[0], &view[0] + view.shape[0])
    walk.field = walk.cursor.at
    names = sorted(families or ())  # kept until the end, for the spans are views of these
    walk.takes_any_family = families is None
    try:
        _know(&walk, names)
        with nogil:
            walk.fault = read_records(&walk, walk.cursor.at)
        _raise_fault(&walk, walk.field - &view[0])
        return _batch(&walk, bytes(records))
    finally:
        release(&walk.ends)
        release(&walk.known)


cdef _know(Walk* walk, list names):
    cdef Span known
    for name in names:
        known = span_of(name)
        if append(&walk.known, span(<const unsigned char*>&known, sizeof(known))):
            raise MemoryError("no memory for the names of families")


cdef Fault read_records(Walk* walk, const unsigned char* start) noexcept nogil:
    cdef Fault fault = FINE
    while not fault and not at_end(&walk.cursor):
        fault = read_record(walk)
        if not fault:
            fault = append_number(&walk.ends, walk.cursor.at - start)
    return fault


cdef Fault read_record(Walk* walk) noexcept nogil:
    cdef int64_t count = 0, terminator = 0
    cdef bint is_piece = False
    cdef Fault fault = read_key(walk, &is_piece)
    if not fault:
        fault = read_count(walk, &count)
    if not fault:
        fault = read_cells(walk, count, is_piece)
    if fault:
        return fault
    walk.field = walk.cursor.at
    return unless(
        read_long(&walk.cursor, &terminator) == FINE and terminator == 0,
        b"the array of cells does not end after its first block",
    )


cdef Fault read_count(Walk* walk, int64_t* count) noexcept nogil:
    walk.field = walk.cursor.at
    if read_long(&walk.cursor, count):
        return b"the number of cells is cut off, has a negative size or is not a shortest varint"
    if count[0] == 0:
        return b"a row without cells"
    return unless(count[0] > 0, b"the array of cells is written with a size in bytes")


cdef Fault read_key(Walk* walk, bint* is_piece) noexcept nogil:
    cdef Span key
    cdef int order
    walk.field = walk.cursor.at
    if read_bytes(&walk.cursor, &key):
        return b"the key is cut off, has a negative size or is not a shortest varint"
    if not key.size:
        return b"the key is empty"
    order = compare(key, walk.last_key)
    if order < 0:
        return b"the key is below the key before it"
    is_piece[0] = order == 0
    if not is_piece[0]:
        walk.rows += 1
        walk.has_family = False
    if not walk.first_key.size:
        walk.first_key = key
    walk.last_key = key
    return FINE


cdef Fault read_cells(Walk* walk, int64_t count, bint is_piece) noexcept nogil:
    cdef const unsigned char* start = walk.cursor.at
    cdef size_t key_size = key_field_size(walk.last_key)
    cdef Fault fault
    cdef int64_t i
    for i in range(count):
        fault = read_cell(walk)
        if fault:
            return fault
        if i == 0 and is_piece and walk.size_before + (walk.cursor.at - start) <= MOST_RECORD_BYTES:
            return b"the key is that of the record before it, which had room for this cell"
    walk.size_before = key_size + (walk.cursor.at - start)
    return unless(count == 1 or walk.size_before <= MOST_RECORD_BYTES, b"several cells pass 16 MiB in one record")


cdef Fault read_cell(Walk* walk) noexcept nogil:
    cdef Span qualifier, value
    cdef Fault fault = read_family(walk)
    if fault:
        return fault
    walk.field = walk.cursor.at
    if read_bytes(&walk.cursor, &qualifier):
        return b"a qualifier is cut off, has a negative size or is not a shortest varint"
    fault = read_timestamp(walk)
    if fault:
        return fault
    walk.field = walk.cursor.at
    if read_bytes(&walk.cursor, &value):
        return b"a value is cut off, has a negative size or is not a shortest varint"
    return FINE


cdef inline Fault read_timestamp(Walk* walk) noexcept nogil:
    cdef int64_t timestamp
    walk.field = walk.cursor.at
    if read_long(&walk.cursor, &timestamp):
        return b"a timestamp is cut off or is not a shortest varint"
    return unless(timestamp >= 0, b"a timestamp is negative")


cdef Fault read_family(Walk* walk) noexcept nogil:
    cdef Span family
    walk.field = walk.cursor.at
    if read_bytes(&walk.cursor, &family):
        return b"a family is cut off, has a negative size or is not a shortest varint"
    if walk.has_family and same(family, walk.family):
        return FINE
    if walk.has_family and compare(family, walk.family) < 0:
        return b"a family sorts before the family of the cell before it"
    walk.family = family
    walk.has_family = True
    if not is_utf8(family):
        return b"a family is not UTF-8"
    return unless(walk.takes_any_family or is_known(walk, family), b"the table's schema does not have the family")


cdef bint is_known(Walk* walk, Span family) noexcept nogil:
    """Whether the table has the family: most often it is the one that was found last."""
    cdef const Span* known = <const Span*>walk.known.data
    cdef size_t low = 0, middle = walk.found, high = walk.known.size // sizeof(Span)
    cdef int order
    while low < high:
        order = compare(known[middle], family)
        if order == 0:
            walk.found = middle
            return True
        low, high = (middle + 1, high) if order < 0 else (low, middle)
        middle = low + (high - low) // 2
    return False


cdef _batch(const Walk* walk, bytes records):
    return Batch(walk.rows, bytes_of(walk.first_key), bytes_of(walk.last_key), records, array_of(&walk.ends))


cdef _raise_fault(const Walk* walk, size_t offset):
    if not walk.fault:
        return
    if walk.fault == NO_MEMORY:
        raise MemoryError("no memory to inspect Bigtable records")
    number = count_numbers(&walk.ends) + 1
    after = f", at or after key {printable(bytes_of(walk.last_key))}" if walk.last_key.size else ""
    raise IntegrityError(
        f"Bigtable records are not canonical: record {number}, offset {offset}{after}: {walk.fault.decode()}."
        " The bytes are corrupt or were not written by Shardkeep: verify the backup they are from."
    )
