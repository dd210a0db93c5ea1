# cython: language_level=3, boundscheck=False, wraparound=False
"""What canonical records of a PostgreSQL table must be, held against bytes that come from outside.

Canonical: there is one encoding of each row. Varints are of the shortest form, numbers within their type,
texts UTF-8 without a zero byte, UUIDs in lower case, decimals of the least length and within their
precision; of two fields at most one is set, and the second one only where the first cannot hold the value.
"""

from array import array

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint64_t

from transforms.avro.bytes_buffer cimport Buffer, append, release, span
from transforms.postgres.codec.record_walk cimport Walk, at_end, begin, end, raise_fault, read_next


cdef bint read_record(Walk* walk) noexcept nogil:
    cdef int place
    for place in range(walk.program.count):
        if not read_next(walk, place):
            return False
    walk.records += 1
    return True


cdef void read_records(Walk* walk, Buffer* ends) noexcept nogil:
    cdef uint64_t offset
    while not walk.no_memory and not at_end(walk) and read_record(walk):
        offset = walk.cursor.at - walk.start
        walk.no_memory = not append(ends, span(<const unsigned char*>&offset, sizeof(offset)))


cdef make_array(const Buffer* ends):
    made = array("Q")
    made.frombytes(PyBytes_FromStringAndSize(<const char*>ends.data, ends.size))
    return made


def inspect(const unsigned char[::1] program not None, const unsigned char[::1] records not None):
    """See the stub."""
    cdef Walk walk
    cdef Buffer ends = Buffer(NULL, 0, 0)
    begin(&walk, program, records)
    try:
        with nogil:
            read_records(&walk, &ends)
        raise_fault(&walk)
        return make_array(&ends)
    finally:
        end(&walk)
        release(&ends)
