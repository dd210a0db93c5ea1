"""Memory that grows as bytes are added. An empty buffer is all zeros; `release` frees it."""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from transforms.codec.fault cimport FINE, NO_MEMORY, Fault
from transforms.codec.span cimport Span, bytes_of, span

cdef extern from *:
    """
    #ifdef __SANITIZE_ADDRESS__
    #define SHARDKEEP_EXACT 1
    #else
    #define SHARDKEEP_EXACT 0
    #endif
    """
    # Under AddressSanitizer a buffer has just the room that was asked for last, so that a write past it is seen.
    const bint EXACT "SHARDKEEP_EXACT"

cdef struct Buffer:
    unsigned char* data
    size_t size
    size_t capacity


cdef inline Span content(const Buffer* buffer) noexcept nogil:
    return span(buffer.data, buffer.size)


cdef inline Fault grow(Buffer* buffer, size_t more) noexcept nogil:
    cdef size_t least = buffer.size + more
    cdef size_t capacity = max(least, buffer.capacity + (buffer.capacity >> 1), <size_t>256)
    if EXACT:
        capacity = max(least, <size_t>1)
    cdef void* data = realloc(buffer.data, capacity)
    if data == NULL:
        return NO_MEMORY
    buffer.data = <unsigned char*>data
    buffer.capacity = capacity
    return FINE


cdef inline Fault reserve(Buffer* buffer, size_t more) noexcept nogil:
    """Make room for `more` bytes; a fault if there is no memory."""
    return FINE if more <= buffer.capacity - buffer.size and not EXACT else grow(buffer, more)


cdef inline Fault append(Buffer* buffer, Span more) noexcept nogil:
    """Add the bytes of `more`, which are not in `buffer`; a fault if there is no memory."""
    cdef Fault fault = reserve(buffer, more.size)
    if fault:
        return fault
    if more.size:
        memcpy(buffer.data + buffer.size, more.data, more.size)
    buffer.size += more.size
    return FINE


cdef inline Fault append_number(Buffer* buffer, uint64_t number) noexcept nogil:
    """Add a number in the machine's byte order; a fault if there is no memory."""
    return append(buffer, span(<const unsigned char*>&number, sizeof(number)))


cdef inline size_t count_numbers(const Buffer* buffer) noexcept nogil:
    return buffer.size // sizeof(uint64_t)


cdef inline array_of(const Buffer* buffer):
    """The numbers of a buffer as an array of type Q."""
    from array import array

    made = array("Q")
    made.frombytes(bytes_of(content(buffer)))
    return made


cdef inline void release(Buffer* buffer) noexcept nogil:
    free(buffer.data)
    buffer.data = NULL
    buffer.size = buffer.capacity = 0


cdef inline void clear(Buffer* buffer, size_t most) noexcept nogil:
    """Remove the content, and free the memory if it is more than `most` bytes."""
    buffer.size = 0
    if buffer.capacity > most:
        release(buffer)
