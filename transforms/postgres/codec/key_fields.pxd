"""The fields of a row's key, kept after the row itself is gone."""

from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from transforms.codec.buffer cimport Buffer, append
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span, bytes_of, span

cdef enum:
    SIZE_OF_SIZE = 4


cdef inline uint32_t size_of_null() noexcept nogil:
    return <uint32_t>-1


cdef inline Fault keep_key(Buffer* kept, const Span* fields, int count) noexcept nogil:
    """Copy the fields, each after its size."""
    cdef uint32_t size
    cdef int i
    cdef Fault fault = FINE
    kept.size = 0
    for i in range(count):
        size = <uint32_t>fields[i].size if fields[i].data != NULL else size_of_null()
        fault = append(kept, span(<const unsigned char*>&size, SIZE_OF_SIZE))
        if not fault:
            fault = append(kept, fields[i])
        if fault:
            break
    return fault


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
