"""Checks that bytes from outside are canonical records of a PostgreSQL table.

Canonical: there is one encoding of each row. Varints are of the shortest form, numbers within their type,
texts UTF-8 without a zero byte, UUIDs in lower case, decimals of the least length and within their
precision; of two fields at most one is set, and the second one only where the first cannot hold the value.
"""

from transforms.codec.buffer cimport Buffer, append_number, array_of, release
from transforms.codec.cursor cimport at_end
from transforms.postgres.codec.record_walk cimport Walk, begin, end, raise_fault, read_next


cdef bint read_record(Walk* walk) noexcept nogil:
    cdef int place
    for place in range(walk.program.count):
        if not read_next(walk, place):
            return False
    walk.records += 1
    return True


cdef void read_records(Walk* walk, Buffer* ends) noexcept nogil:
    while not walk.fault and not at_end(&walk.cursor) and read_record(walk):
        walk.fault = append_number(ends, walk.cursor.at - walk.start)


def inspect(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    cdef Buffer ends = Buffer(NULL, 0, 0)
    begin(&walk, program, records)
    try:
        with nogil:
            read_records(&walk, &ends)
        raise_fault(&walk)
        return array_of(&ends)
    finally:
        end(&walk)
        release(&ends)
