"""The protobuf form of `google.bigtable.v2.ReadRowsResponse` and its `CellChunk`s.

Field numbers are those of google/bigtable/v2/bigtable.proto; see `codec/protobuf.pxd` for tags and wire types.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memset

from transforms.codec.cursor cimport Cursor, at_end, inside
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.protobuf cimport read_field, read_tag, skip_field
from transforms.codec.span cimport Span
from transforms.codec.varint cimport read_varint

cdef enum ResponseTag:
    CHUNKS = 1 << 3 | 2
    LAST_SCANNED_ROW_KEY = 2 << 3 | 2

cdef enum ChunkTag:
    ROW_KEY = 1 << 3 | 2
    FAMILY_NAME = 2 << 3 | 2
    QUALIFIER = 3 << 3 | 2
    TIMESTAMP_MICROS = 4 << 3 | 0
    LABELS = 5 << 3 | 2
    VALUE = 6 << 3 | 2
    VALUE_SIZE = 7 << 3 | 0
    RESET_ROW = 8 << 3 | 0
    COMMIT_ROW = 9 << 3 | 0

cdef enum:
    WRAPPED_VALUE = 1 << 3 | 2

cdef struct CellChunk:
    Span row_key
    Span family
    Span qualifier
    Span value
    int64_t timestamp
    int32_t value_size
    bint has_family
    bint has_qualifier
    bint has_labels
    bint reset_row
    bint commit_row


cdef inline Fault read_wrapped_field(Cursor* cursor, Span* value) noexcept nogil:
    cdef uint64_t tag
    cdef Fault fault = read_tag(cursor, &tag)
    if fault:
        return fault
    return read_field(cursor, value) if tag == WRAPPED_VALUE else skip_field(cursor, tag)


cdef inline Fault read_wrapped(Cursor* outer, Span* value) noexcept nogil:
    """Read a StringValue or BytesValue into `value`, which keeps its content if none is sent."""
    cdef Span message
    cdef Fault fault = read_field(outer, &message)
    if fault:
        return fault
    cdef Cursor cursor = inside(message)
    while not fault and not at_end(&cursor):
        fault = read_wrapped_field(&cursor, value)
    return fault


cdef inline Fault read_number(Cursor* cursor, uint64_t tag, CellChunk* chunk) noexcept nogil:
    cdef uint64_t number
    cdef Fault fault = read_varint(cursor, &number)
    if fault:
        return fault
    if tag == TIMESTAMP_MICROS:
        chunk.timestamp = <int64_t>number
    elif tag == VALUE_SIZE:
        chunk.value_size = <int32_t>number
    else:
        # Both are members of one oneof: the last one sent counts.
        chunk.reset_row = tag == RESET_ROW and number != 0
        chunk.commit_row = tag == COMMIT_ROW and number != 0
    return FINE


cdef inline Fault read_chunk_field(Cursor* cursor, uint64_t tag, CellChunk* chunk) noexcept nogil:
    cdef Span label
    if tag == ROW_KEY:
        return read_field(cursor, &chunk.row_key)
    if tag == FAMILY_NAME:
        chunk.has_family = True
        return read_wrapped(cursor, &chunk.family)
    if tag == QUALIFIER:
        chunk.has_qualifier = True
        return read_wrapped(cursor, &chunk.qualifier)
    if tag == VALUE:
        return read_field(cursor, &chunk.value)
    if tag == LABELS:
        chunk.has_labels = True
        return read_field(cursor, &label)
    if tag == TIMESTAMP_MICROS or tag == VALUE_SIZE or tag == RESET_ROW or tag == COMMIT_ROW:
        return read_number(cursor, tag, chunk)
    return skip_field(cursor, tag)


cdef inline Fault read_chunk(Span message, CellChunk* chunk) noexcept nogil:
    """Read one serialized CellChunk, whose spans point into `message`."""
    cdef Cursor cursor = inside(message)
    cdef uint64_t tag
    cdef Fault fault = FINE
    memset(chunk, 0, sizeof(CellChunk))
    while not fault and not at_end(&cursor):
        fault = read_tag(&cursor, &tag)
        if not fault:
            fault = read_chunk_field(&cursor, tag, chunk)
    return fault
