"""A walk through canonical records, back to back, value by value."""

from libc.stdint cimport uint64_t
from libc.string cimport memset

from transforms.codec.cursor cimport Cursor
from transforms.codec.fault cimport FINE, NO_MEMORY, Fault
from transforms.codec.span cimport span
from transforms.postgres.codec.column_program cimport Program, load_program, release_program
from transforms.postgres.codec.record_value cimport Value, read_value

cdef struct Walk:
    Program program
    const unsigned char* start
    Cursor cursor
    # Start of the value that was read last, and its place in the program.
    const unsigned char* field
    int place
    # Whole records before the cursor.
    uint64_t records
    Value value
    # The first fault, at which the walk ends.
    Fault fault


cdef inline int begin(Walk* walk, const unsigned char[::1] program, const unsigned char[::1] records) except -1:
    """Start before the first record; `end` frees the memory."""
    memset(walk, 0, sizeof(Walk))
    load_program(&walk.program, span(&program[0] if program.shape[0] else NULL, program.shape[0]))
    if records.shape[0]:
        walk.start = &records[0]
        walk.cursor = Cursor(walk.start, walk.start + records.shape[0])
    return 0


cdef inline void end(Walk* walk) noexcept nogil:
    release_program(&walk.program)


cdef inline bint read_next(Walk* walk, int place) noexcept nogil:
    """Read the value at a place of the program; False, with the fault, if it is not canonical."""
    walk.place = place
    walk.field = walk.cursor.at
    walk.fault = read_value(&walk.cursor, &walk.program.steps[place], &walk.value)
    return walk.fault == FINE


cdef inline int raise_fault(const Walk* walk) except -1:
    """Raise the walk's fault, if there is one."""
    if walk.fault == FINE:
        return 0
    if walk.fault == NO_MEMORY:
        raise MemoryError("no memory for the rows of a PostgreSQL table")
    from transforms.errors import IntegrityError

    raise IntegrityError(
        f"PostgreSQL records are not canonical: record {walk.records + 1}, column {walk.place + 1}, "
        f"offset {walk.field - walk.start}: {walk.fault.decode()}. "
        "The bytes are corrupt or were not written by Shardkeep: verify the backup they are from."
    )
