"""The fields of a row's key, kept while the row itself is gone."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from transforms.avro.bytes_buffer cimport Buffer, Span, append, span

cdef enum:
    SIZE_OF_SIZE = 4


cdef inline uint32_t size_of_null() noexcept nogil:
    return <uint32_t>-1


cdef inline bint keep_key(Buffer* kept, const Span* fields, int count) noexcept nogil:
    """Copy the fields, each behind its size; False if there is no memory."""
    cdef uint32_t size
    cdef int i
    kept.size = 0
    for i in range(count):
        size = <uint32_t>fields[i].size if fields[i].data != NULL else size_of_null()
        if not append(kept, span(<const unsigned char*>&size, SIZE_OF_SIZE)) or not append(kept, fields[i]):
            return False
    return True


cdef inline bytes bytes_of(Span found):
    return PyBytes_FromStringAndSize(<const char*>found.data, found.size)


cdef inline tuple key_fields(Span kept):
    """The fields that `keep_key` copied, None for NULL."""
    cdef const unsigned char* at = kept.data
    cdef uint32_t size
    fields = []
    while at < kept.data + kept.size:
        memcpy(&size, at, SIZE_OF_SIZE)
        at += SIZE_OF_SIZE
        fields.append(None if size == size_of_null() else bytes_of(span(at, size)))
        at += 0 if size == size_of_null() else size
    return tuple(fields)
