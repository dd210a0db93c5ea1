"""The rows of a COPY TO STDOUT, pulled out of libpq into a CopyTranscoder.

`PQgetCopyData` gives one CopyData message at a time, 0 if it would have to wait, -1 at the end, -2 for an error
(https://www.postgresql.org/docs/18/libpq-copy.html). The errors of the connection are for `PQgetResult` to give.
"""

from libc.stdint cimport uintptr_t

from transforms.codec.span cimport span
from transforms.postgres.codec.copy_transcoder cimport CopyTranscoder, has_room

from transforms.postgres.codec.libpq import address

# What `pull` returns; see the stub.
FULL = 1
WAIT = 0
ENDED = -1
FAILED = -2

cdef extern from *:
    """
    typedef int (*shardkeep_get_copy_data)(void *connection, char **row, int async);
    typedef void (*shardkeep_free_memory)(void *memory);
    """
    ctypedef int (*GetCopyData "shardkeep_get_copy_data")(void*, char**, int) noexcept nogil
    ctypedef void (*FreeMemory "shardkeep_free_memory")(void*) noexcept nogil

# The functions of the libpq to which psycopg's connections belong, once they were looked up.
cdef GetCopyData get_copy_data = NULL
cdef FreeMemory free_memory = NULL


cdef int find_functions() except -1:
    global get_copy_data, free_memory
    if get_copy_data == NULL:
        free_memory = <FreeMemory><uintptr_t>address("PQfreemem")
        get_copy_data = <GetCopyData><uintptr_t>address("PQgetCopyData")
    return 0


cdef int drain(CopyTranscoder transcoder, void* connection, size_t limit) noexcept nogil:
    """Take rows up to the limit, the last row in hand or a fault; returns 1 at the limit, else libpq's answer."""
    cdef char* row = NULL
    cdef int got = 1
    while got > 0 and has_room(transcoder, limit):
        got = get_copy_data(connection, &row, 1)
        if got > 0:
            transcoder.take_message(span(<const unsigned char*>row, got))
            free_memory(row)
    return got


def pull(CopyTranscoder transcoder not None, uintptr_t connection, size_t limit):
    """See the stub."""
    cdef int got
    transcoder.check()
    find_functions()
    with nogil:
        got = drain(transcoder, <void*>connection, max(limit, <size_t>1))
    transcoder.check()
    return ENDED if got == -1 and transcoder.ended else FAILED if got < 0 else FULL if got else WAIT
