# cython: language_level=3, boundscheck=False, wraparound=False
"""The answer to a `MutateRowsRequest`, read without message objects.

The fields are those of `google.bigtable.v2.MutateRowsResponse` (entries = 1), its `Entry` (index = 1,
status = 2) and `google.rpc.Status` (code = 1, message = 2).
"""

from libc.stdint cimport int32_t, int64_t, uint64_t

from transforms.bigtable.codec.wire cimport BAD_FIELD, FINE, Cursor, Span, fail, read_varint, skip_field, take

from transforms.errors import IntegrityError

cdef enum:
    ENTRIES = 0x0A
    INDEX = 0x08
    STATUS = 0x12
    CODE = 0x08
    MESSAGE = 0x12


ctypedef struct Answer:
    int64_t index
    int32_t code
    Span text


cdef inline uint64_t next_tag(Cursor *cursor) noexcept nogil:
    """The tag of the next field, 0 at the end of the message; field number 0 is malformed."""
    if cursor.at >= cursor.end:
        return 0
    cdef uint64_t tag = read_varint(cursor)
    if tag >> 3 == 0 or tag >> 32:
        fail(cursor, BAD_FIELD)
        return 0
    return tag


cdef inline Cursor enter(Cursor *cursor) noexcept nogil:
    """A cursor over the message that is the next field's content."""
    cdef Span span = take(cursor, read_varint(cursor))
    cdef Cursor inner
    inner.at = span.at
    inner.end = span.at + span.length
    inner.fault = cursor.fault
    return inner


cdef void read_status(Cursor *cursor, Answer *answer) noexcept nogil:
    cdef uint64_t tag = next_tag(cursor)
    while tag:
        if tag == CODE:
            answer.code = <int32_t>read_varint(cursor)
        elif tag == MESSAGE:
            answer.text = take(cursor, read_varint(cursor))
        else:
            skip_field(cursor, tag)
        tag = next_tag(cursor)


cdef void read_entry(Cursor *cursor, Answer *answer) noexcept nogil:
    cdef Cursor status
    cdef uint64_t tag = next_tag(cursor)
    while tag:
        if tag == INDEX:
            answer.index = <int64_t>read_varint(cursor)
        elif tag == STATUS:
            status = enter(cursor)
            read_status(&status, answer)
            if status.fault:
                fail(cursor, status.fault)
        else:
            skip_field(cursor, tag)
        tag = next_tag(cursor)


cdef bint next_answer(Cursor *cursor, Answer *answer) noexcept nogil:
    """Read the next reported entry; false at the end of the message or on a fault."""
    cdef Cursor entry
    cdef uint64_t tag = next_tag(cursor)
    while tag and tag != ENTRIES:
        skip_field(cursor, tag)
        tag = next_tag(cursor)
    if tag == 0:
        return False
    answer.index = answer.code = 0
    answer.text.at, answer.text.length = cursor.at, 0
    entry = enter(cursor)
    read_entry(&entry, answer)
    if entry.fault:
        fail(cursor, entry.fault)
    return cursor.fault == FINE


cdef int mark(bytearray answered, int64_t index) except -1:
    cdef Py_ssize_t count = len(answered)
    if index < 0 or index >= count:
        raise IntegrityError(
            f"The server answers entry {index} of a MutateRows request of {count} entries. "
            "Run again; if it repeats, what stands between here and Bigtable is at fault."
        )
    if answered[index]:
        raise IntegrityError(
            f"The server answers entry {index} of a MutateRows request twice. "
            "Run again; if it repeats, what stands between here and Bigtable is at fault."
        )
    answered[index] = 1
    return 0


def failed_entries(bytes message not None, bytearray answered not None):
    """See the stub."""
    cdef const unsigned char *start = message
    cdef Cursor cursor = Cursor(start, start + len(message), FINE)
    cdef Answer answer
    cdef list failed = []
    while next_answer(&cursor, &answer):
        mark(answered, answer.index)
        if answer.code:
            failed.append((answer.index, answer.code, answer.text.at[:answer.text.length].decode("utf-8", "replace")))
    if cursor.fault != FINE:
        raise IntegrityError(
            f"A MutateRows response of {len(message)} bytes is malformed before byte {cursor.at - start}. "
            "Run again; if it repeats, what stands between here and Bigtable is at fault."
        )
    return failed
