"""The answer to a `MutateRowsRequest`, read without message objects.

The fields are those of `google.bigtable.v2.MutateRowsResponse` (entries = 1), its `Entry` (index = 1,
status = 2) and `google.rpc.Status` (code = 1, message = 2).
"""

from libc.stdint cimport int32_t, int64_t, uint64_t

from transforms.codec.cursor cimport Cursor, at_end, inside
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.protobuf cimport read_field, read_tag, skip_field
from transforms.codec.span cimport Span, bytes_of, span, span_of
from transforms.codec.varint cimport read_varint

from transforms.errors import IntegrityError

cdef enum:
    ENTRIES = 0x0A
    INDEX = 0x08
    STATUS = 0x12
    CODE = 0x08
    MESSAGE = 0x12


cdef struct Answer:
    int64_t index
    int32_t code
    Span text


cdef inline Fault read_code(Cursor* cursor, Answer* answer) noexcept nogil:
    cdef uint64_t number = 0
    cdef Fault fault = read_varint(cursor, &number)
    answer.code = <int32_t>number
    return fault


cdef inline Fault read_index(Cursor* cursor, Answer* answer) noexcept nogil:
    cdef uint64_t number = 0
    cdef Fault fault = read_varint(cursor, &number)
    answer.index = <int64_t>number
    return fault


cdef inline Fault read_status_field(Cursor* cursor, Answer* answer) noexcept nogil:
    cdef uint64_t tag
    cdef Fault fault = read_tag(cursor, &tag)
    if fault:
        return fault
    if tag == CODE:
        return read_code(cursor, answer)
    return read_field(cursor, &answer.text) if tag == MESSAGE else skip_field(cursor, tag)


cdef Fault read_status(Cursor* entry, Answer* answer) noexcept nogil:
    cdef Span message = span(NULL, 0)
    cdef Fault fault = read_field(entry, &message)
    cdef Cursor cursor = inside(message)
    while not fault and not at_end(&cursor):
        fault = read_status_field(&cursor, answer)
    return fault


cdef inline Fault read_entry_field(Cursor* cursor, Answer* answer) noexcept nogil:
    cdef uint64_t tag
    cdef Fault fault = read_tag(cursor, &tag)
    if fault:
        return fault
    if tag == INDEX:
        return read_index(cursor, answer)
    return read_status(cursor, answer) if tag == STATUS else skip_field(cursor, tag)


cdef Fault read_entry(Cursor* outer, Answer* answer) noexcept nogil:
    cdef Span message = span(NULL, 0)
    cdef Fault fault = read_field(outer, &message)
    cdef Cursor cursor = inside(message)
    answer.index = answer.code = 0
    answer.text = span(NULL, 0)
    while not fault and not at_end(&cursor):
        fault = read_entry_field(&cursor, answer)
    return fault


cdef Fault next_answer(Cursor* cursor, Answer* answer, bint* is_there) noexcept nogil:
    """Read the next reported entry, if one is left in the message."""
    cdef uint64_t tag
    cdef Fault fault = FINE
    is_there[0] = False
    while not fault and not is_there[0] and not at_end(cursor):
        fault = read_tag(cursor, &tag)
        if not fault:
            is_there[0] = tag == ENTRIES
            fault = read_entry(cursor, answer) if is_there[0] else skip_field(cursor, tag)
    return fault


cdef int mark(bytearray answered, int64_t index) except -1:
    cdef Py_ssize_t count = len(answered)
    if index < 0 or index >= count:
        raise IntegrityError(
            f"The server answers entry {index} of a MutateRows request of {count} entries. "
            "Run again; if it repeats, Bigtable or a proxy before it is at fault."
        )
    if answered[index]:
        raise IntegrityError(
            f"The server answers entry {index} of a MutateRows request twice. "
            "Run again; if it repeats, Bigtable or a proxy before it is at fault."
        )
    answered[index] = 1
    return 0


def failed_entries(bytes message not None, bytearray answered not None):
    """See the stub."""
    cdef Cursor cursor = inside(span_of(message))
    cdef Answer answer
    cdef bint is_there = False
    cdef list failed = []
    cdef Fault fault = next_answer(&cursor, &answer, &is_there)
    while is_there and not fault:
        mark(answered, answer.index)
        if answer.code:
            failed.append((answer.index, answer.code, bytes_of(answer.text).decode("utf-8", "replace")))
        fault = next_answer(&cursor, &answer, &is_there)
    if fault:
        raise IntegrityError(
            f"A MutateRows response of {len(message)} bytes is malformed before byte "
            f"{cursor.at - span_of(message).data}. "
            "Run again; if it repeats, Bigtable or a proxy before it is at fault."
        )
    return failed
