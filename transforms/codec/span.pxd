"""A view of bytes owned by another object."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcmp, strlen

cdef struct Span:
    const unsigned char* data
    size_t size


cdef inline Span span(const unsigned char* data, size_t size) noexcept nogil:
    cdef Span found
    found.data = data
    found.size = size
    return found


cdef inline Span span_of(bytes content):
    """A view of a Python object, which must outlive it."""
    return span(<const unsigned char*>PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))


cdef inline bytes bytes_of(Span found):
    return PyBytes_FromStringAndSize(<const char*>found.data, found.size)


cdef inline int compare(Span left, Span right) noexcept nogil:
    """Negative, 0 or positive if `left` sorts before, with or after `right`, byte by byte."""
    cdef size_t least = min(left.size, right.size)
    cdef int order = memcmp(left.data, right.data, least) if least else 0
    return order if order else (left.size > right.size) - (left.size < right.size)


cdef inline bint same(Span left, Span right) noexcept nogil:
    return left.size == right.size and (not left.size or memcmp(left.data, right.data, left.size) == 0)


cdef inline bint is_word(Span text, const char* word) noexcept nogil:
    return text.size == strlen(word) and memcmp(text.data, word, text.size) == 0
