"""Whether bytes are UTF-8."""

from transforms.codec.span cimport Span


cdef inline bint is_utf8(Span text) noexcept nogil:
    """Whether `text` is well-formed UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF."""
    cdef const unsigned char* at = text.data
    cdef const unsigned char* end = text.data + text.size
    cdef int more
    cdef unsigned char low, high
    while at < end:
        low, high = 0x80, 0xBF
        if at[0] < 0x80:
            more = 0
        elif 0xC2 <= at[0] <= 0xDF:
            more = 1
        elif 0xE0 <= at[0] <= 0xEF:
            more = 2
            low = 0xA0 if at[0] == 0xE0 else 0x80
            high = 0x9F if at[0] == 0xED else 0xBF
        elif 0xF0 <= at[0] <= 0xF4:
            more = 3
            low = 0x90 if at[0] == 0xF0 else 0x80
            high = 0x8F if at[0] == 0xF4 else 0xBF
        else:
            return False
        at += 1
        # Only the byte after the first has a narrower range.
        while more:
            if at == end or not low <= at[0] <= high:
                return False
            low, high = 0x80, 0xBF
            at += 1
            more -= 1
    return True
