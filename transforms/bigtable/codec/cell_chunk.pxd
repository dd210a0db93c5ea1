"""The protobuf wire form of `google.bigtable.v2.ReadRowsResponse` and its `CellChunk`s.

Field numbers are those of google/bigtable/v2/bigtable.proto; wire types and the rules for repeated and
unknown fields are those of https://protobuf.dev/programming-guides/encoding/. Groups, which
proto3 cannot send, count as malformed.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memset

from transforms.avro.bytes_buffer cimport Cursor, Span, read_varint, span

cdef enum WireType:
    VARINT = 0
    FIXED64 = 1
    LENGTH = 2
    FIXED32 = 5

# A tag is the field number shifted left by three bits, and the wire type.
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


cdef inline Cursor inside(Span message) noexcept nogil:
    cdef Cursor cursor
    cursor.at = message.data
    cursor.end = message.data + message.size
    return cursor


cdef inline bint read_tag(Cursor* cursor, uint64_t* tag) noexcept nogil:
    return read_varint(cursor, tag) and 8 <= tag[0] < <uint64_t>1 << 32


cdef inline bint read_field(Cursor* cursor, Span* value) noexcept nogil:
    """Read the size and the bytes of a field of wire type LENGTH."""
    cdef uint64_t size
    if not read_varint(cursor, &size) or size > <uint64_t>(cursor.end - cursor.at):
        return False
    value[0] = span(cursor.at, <size_t>size)
    cursor.at += size
    return True


cdef inline bint skip_bytes(Cursor* cursor, int size) noexcept nogil:
    if cursor.end - cursor.at < size:
        return False
    cursor.at += size
    return True


cdef inline bint skip_field(Cursor* cursor, uint64_t tag) noexcept nogil:
    cdef Span ignored
    cdef uint64_t number
    cdef uint64_t wire_type = tag & 7
    if wire_type == VARINT:
        return read_varint(cursor, &number)
    if wire_type == LENGTH:
        return read_field(cursor, &ignored)
    if wire_type == FIXED64:
        return skip_bytes(cursor, 8)
    return wire_type == FIXED32 and skip_bytes(cursor, 4)


cdef inline bint read_wrapped(Cursor* outer, Span* value) noexcept nogil:
    """Read a StringValue or BytesValue into `value`, which keeps its content if none is sent."""
    cdef Span message
    cdef Cursor cursor
    cdef uint64_t tag
    if not read_field(outer, &message):
        return False
    cursor = inside(message)
    while cursor.at < cursor.end:
        if not read_tag(&cursor, &tag):
            return False
        if not (read_field(&cursor, value) if tag == WRAPPED_VALUE else skip_field(&cursor, tag)):
            return False
    return True


cdef inline bint read_number(Cursor* cursor, uint64_t tag, CellChunk* chunk) noexcept nogil:
    cdef uint64_t number
    if not read_varint(cursor, &number):
        return False
    if tag == TIMESTAMP_MICROS:
        chunk.timestamp = <int64_t>number
    elif tag == VALUE_SIZE:
        chunk.value_size = <int32_t>number
    else:
        # Both are members of one oneof: the last one sent counts.
        chunk.reset_row = tag == RESET_ROW and number != 0
        chunk.commit_row = tag == COMMIT_ROW and number != 0
    return True


cdef inline bint read_chunk_field(Cursor* cursor, uint64_t tag, CellChunk* chunk) noexcept nogil:
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


cdef inline bint read_chunk(Span message, CellChunk* chunk) noexcept nogil:
    """Read one serialized CellChunk, whose spans point into `message`; False if it is malformed."""
    cdef Cursor cursor = inside(message)
    cdef uint64_t tag
    memset(chunk, 0, sizeof(CellChunk))
    while cursor.at < cursor.end:
        if not read_tag(&cursor, &tag) or not read_chunk_field(&cursor, tag, chunk):
            return False
    return True
