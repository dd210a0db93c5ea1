"""What canonical Bigtable records must be, held against bytes that come from outside.

Canonical: keys increase strictly, but for the pieces of one row; families are sorted bytewise within
a row; the cells are one array block with their number; varints are of the shortest form; a row has
pieces only where the next cell would take a record past its limit (see `avro_cell.pxd`). Every family is one of the
table's.
"""

from array import array

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from transforms.avro.bytes_buffer cimport Buffer, Cursor, Span, append, compare, release, same, span
from transforms.avro.primitives cimport is_utf8, read_bytes, read_long
from transforms.bigtable.codec.avro_cell cimport MOST_RECORD_BYTES, key_field_size

from transforms.batch import Batch
from transforms.errors import IntegrityError
from transforms.key_range import printable

cdef enum Fault:
    NONE
    NO_MEMORY
    MALFORMED_KEY
    EMPTY_KEY
    KEY_ORDER
    MALFORMED_COUNT
    NO_CELLS
    SIZED_BLOCK
    SECOND_BLOCK
    MALFORMED_FAMILY
    FAMILY_ORDER
    FAMILY_NOT_UTF8
    UNKNOWN_FAMILY
    MALFORMED_QUALIFIER
    MALFORMED_TIMESTAMP
    NEGATIVE_TIMESTAMP
    MALFORMED_VALUE
    RECORD_TOO_LARGE
    NEEDLESS_PIECE

_MALFORMED = "is cut off, has a negative size or is not a shortest varint"
_FAULTS = {
    MALFORMED_KEY: f"the key {_MALFORMED}",
    EMPTY_KEY: "the key is empty",
    KEY_ORDER: "the key is below the key before it",
    MALFORMED_COUNT: f"the number of cells {_MALFORMED}",
    NO_CELLS: "a row without cells",
    SIZED_BLOCK: "the array of cells is written with a size in bytes",
    SECOND_BLOCK: "the array of cells does not end after its first block",
    MALFORMED_FAMILY: f"a family {_MALFORMED}",
    FAMILY_ORDER: "a family sorts before the family of the cell before it",
    FAMILY_NOT_UTF8: "a family is not UTF-8",
    UNKNOWN_FAMILY: "the table's schema does not have the family",
    MALFORMED_QUALIFIER: f"a qualifier {_MALFORMED}",
    MALFORMED_TIMESTAMP: "a timestamp is cut off or is not a shortest varint",
    NEGATIVE_TIMESTAMP: "a timestamp is negative",
    MALFORMED_VALUE: f"a value {_MALFORMED}",
    RECORD_TOO_LARGE: "several cells pass 16 MiB in one record",
    NEEDLESS_PIECE: "the key is that of the record before it, which had room for this cell",
}

cdef struct Walk:
    Cursor cursor
    # Where the field begins that is being read.
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


def inspect(records, families=None) -> Batch:
    """Walk canonical `BigtableRow` records back to back and say what they hold.

    Args:
        records: The records, bytes-like. A copy is made unless they are `bytes`.
        families: The families that the table has, each as UTF-8; None if any will do.

    Raises:
        IntegrityError: if there is no record, or one is malformed or not canonical, or has another family; the message
            names the record, from 1, and the offset in `records`.
    """
    cdef const unsigned char[::1] view = records
    cdef Walk walk
    cdef Fault fault
    if not view.shape[0]:
        raise IntegrityError("Bigtable records: there is none where at least one was expected. Verify the backup.")
    memset(&walk, 0, sizeof(walk))
    walk.cursor = Cursor(&view[0], &view[0] + view.shape[0])
    walk.field = walk.cursor.at
    names = sorted(families or ())  # kept until the end, for the spans are views of these
    walk.takes_any_family = families is None
    try:
        _know(&walk, names)
        with nogil:
            fault = read_records(&walk, walk.cursor.at)
        _raise_fault(fault, &walk, walk.field - &view[0])
        return _batch(&walk, bytes(records))
    finally:
        release(&walk.ends)
        release(&walk.known)


cdef _know(Walk* walk, list names):
    cdef bytes name
    cdef Span known
    for name in names:
        known = span(<const unsigned char*>name, len(name))
        if not append(&walk.known, span(<const unsigned char*>&known, sizeof(known))):
            raise MemoryError("no memory for the names of families")


cdef Fault read_records(Walk* walk, const unsigned char* start) noexcept nogil:
    cdef Fault fault = NONE
    cdef uint64_t end
    while fault == NONE and walk.cursor.at < walk.cursor.end:
        fault = read_record(walk)
        if fault == NONE:
            end = walk.cursor.at - start
            fault = NONE if append(&walk.ends, span(<const unsigned char*>&end, sizeof(end))) else NO_MEMORY
    return fault


cdef Fault read_record(Walk* walk) noexcept nogil:
    cdef int64_t count, terminator
    cdef bint is_piece = False
    cdef Fault fault = read_key(walk, &is_piece)
    if fault:
        return fault
    walk.field = walk.cursor.at
    if not read_long(&walk.cursor, &count):
        return MALFORMED_COUNT
    if count <= 0:
        return SIZED_BLOCK if count else NO_CELLS
    fault = read_cells(walk, count, is_piece)
    if fault:
        return fault
    walk.field = walk.cursor.at
    return NONE if read_long(&walk.cursor, &terminator) and terminator == 0 else SECOND_BLOCK


cdef Fault read_key(Walk* walk, bint* is_piece) noexcept nogil:
    cdef Span key
    cdef int order
    walk.field = walk.cursor.at
    if not read_bytes(&walk.cursor, &key):
        return MALFORMED_KEY
    if not key.size:
        return EMPTY_KEY
    order = compare(key, walk.last_key)
    if order < 0:
        return KEY_ORDER
    is_piece[0] = order == 0
    if not is_piece[0]:
        walk.rows += 1
        walk.has_family = False
    if not walk.first_key.size:
        walk.first_key = key
    walk.last_key = key
    return NONE


cdef Fault read_cells(Walk* walk, int64_t count, bint is_piece) noexcept nogil:
    cdef const unsigned char* start = walk.cursor.at
    cdef size_t key_size = key_field_size(walk.last_key)
    cdef Fault fault = NONE
    cdef int64_t i
    for i in range(count):
        fault = read_cell(walk)
        if fault:
            return fault
        if i == 0 and is_piece and walk.size_before + (walk.cursor.at - start) <= MOST_RECORD_BYTES:
            return NEEDLESS_PIECE
    walk.size_before = key_size + (walk.cursor.at - start)
    return RECORD_TOO_LARGE if count > 1 and walk.size_before > MOST_RECORD_BYTES else NONE


cdef Fault read_cell(Walk* walk) noexcept nogil:
    cdef Span qualifier, value
    cdef int64_t timestamp
    cdef Fault fault = read_family(walk)
    if fault:
        return fault
    walk.field = walk.cursor.at
    if not read_bytes(&walk.cursor, &qualifier):
        return MALFORMED_QUALIFIER
    walk.field = walk.cursor.at
    if not read_long(&walk.cursor, &timestamp):
        return MALFORMED_TIMESTAMP
    if timestamp < 0:
        return NEGATIVE_TIMESTAMP
    walk.field = walk.cursor.at
    return NONE if read_bytes(&walk.cursor, &value) else MALFORMED_VALUE


cdef Fault read_family(Walk* walk) noexcept nogil:
    cdef Span family
    walk.field = walk.cursor.at
    if not read_bytes(&walk.cursor, &family):
        return MALFORMED_FAMILY
    if walk.has_family and same(family, walk.family):
        return NONE
    if walk.has_family and compare(family, walk.family) < 0:
        return FAMILY_ORDER
    walk.family = family
    walk.has_family = True
    if not is_utf8(family):
        return FAMILY_NOT_UTF8
    return NONE if walk.takes_any_family or is_known(walk, family) else UNKNOWN_FAMILY


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
    ends = array("Q")
    ends.frombytes(PyBytes_FromStringAndSize(<const char*>walk.ends.data, walk.ends.size))
    return Batch(walk.rows, _to_bytes(walk.first_key), _to_bytes(walk.last_key), records, ends)


cdef bytes _to_bytes(Span found):
    return PyBytes_FromStringAndSize(<const char*>found.data, found.size)


cdef _raise_fault(Fault fault, const Walk* walk, size_t offset):
    if fault == NONE:
        return
    if fault == NO_MEMORY:
        raise MemoryError("no memory to inspect Bigtable records")
    number = walk.ends.size // sizeof(uint64_t) + 1
    after = f", at or after key {printable(_to_bytes(walk.last_key))}" if walk.last_key.size else ""
    raise IntegrityError(
        f"Bigtable records are not canonical: record {number}, offset {offset}{after}: {_FAULTS[fault]}."
        " The bytes are corrupt or were not written by Shardkeep: verify the backup they are from."
    )
