"""Checks PostgreSQL's texts, fast for ASCII."""

from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcpy

from transforms.codec.fault cimport Fault, unless
from transforms.codec.span cimport Span, span
from transforms.codec.utf8 cimport is_utf8


cdef inline bint is_plain_word(const unsigned char* at) noexcept nogil:
    """Whether eight bytes are all 1 to 127: subtracting 1 sets the high bit of a 0, and bytes above 127 have it."""
    cdef uint64_t word
    memcpy(&word, at, 8)
    return not (word | (word - <uint64_t>0x0101010101010101)) & <uint64_t>0x8080808080808080


cdef inline size_t plain_size(Span text) noexcept nogil:
    """Bytes from the start known to be 1 to 127: whole words, or all of a text of at least one word."""
    cdef size_t size = 0
    while size + 8 <= text.size and is_plain_word(text.data + size):
        size += 8
    if 8 <= text.size < size + 8 and is_plain_word(text.data + text.size - 8):
        return text.size
    return size


cdef inline bint has_zero(Span text) noexcept nogil:
    return text.size > 0 and memchr(text.data, 0, text.size) != NULL


cdef inline Fault check_text(Span text, bint unchecked) noexcept nogil:
    """PostgreSQL's texts have no zero byte in any encoding, and are UTF-8 unless that is `unchecked`."""
    cdef size_t known = plain_size(text)
    cdef Span rest = span(text.data + known, text.size - known)
    if has_zero(rest):
        return b"a text has a zero byte"
    return unless(unchecked or is_utf8(rest), b"a text is not UTF-8")
