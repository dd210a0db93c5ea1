"""How compiled code fails: each reader returns a Fault, which is FINE (NULL) or a text that says what is wrong.

A caller that knows more may replace the text. A walk keeps its first fault and ends there. Only the
function that Python calls makes an exception of it, with the place where it was found.
"""

ctypedef const char* Fault

cdef extern from *:
    """
    #define SHARDKEEP_FINE ((const char *)NULL)
    static const char shardkeep_no_memory[] = "no memory";
    static const char shardkeep_cut_short[] = "it ends too early";
    static const char shardkeep_long_number[] = "a number is longer than 64 bits";
    static const char shardkeep_bad_length[] = "a length is not possible";
    static const char shardkeep_bad_field[] = "a field is of an unknown kind";
    """
    const char* FINE "SHARDKEEP_FINE"
    # The one fault that is not in the bytes: a MemoryError.
    const char* NO_MEMORY "shardkeep_no_memory"
    const char* CUT_SHORT "shardkeep_cut_short"
    const char* LONG_NUMBER "shardkeep_long_number"
    const char* BAD_LENGTH "shardkeep_bad_length"
    const char* BAD_FIELD "shardkeep_bad_field"


cdef inline Fault unless(bint is_good, Fault fault) noexcept nogil:
    return FINE if is_good else fault


cdef inline Fault reworded(Fault fault, Fault words) noexcept nogil:
    """`words` in place of a fault; FINE if there is none."""
    return words if fault else FINE
