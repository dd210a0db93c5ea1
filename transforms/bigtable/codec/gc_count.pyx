"""The number of cells that garbage collection rules would remove, counted without the GIL.

Rules as in `google.bigtable.admin.v2.GcRule`: https://cloud.google.com/bigtable/docs/garbage-collection
"""

import struct

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free

from transforms.bigtable.codec.cells cimport Cell, Cells, cells_at, next_cell, read_key
from transforms.codec.cursor cimport at_end
from transforms.codec.fault cimport FINE, Fault
from transforms.codec.span cimport Span, same, span, span_of

from transforms.bigtable.catalog.gc_rule import INTERSECTION, MAX_AGE, MAX_NUM_VERSIONS, UNION
from transforms.errors import IntegrityError

cdef enum:
    VERSIONS = 1
    AGE = 2
    ALL = 3
    ANY = 4
    DEEPEST = 256


cdef struct Operation:
    int64_t kind
    int64_t number


cdef struct Rule:
    Span family
    const Operation* operations
    size_t count


cdef struct Column:
    # Where the walk is: the spans point into the records.
    Span key
    Span family
    Span qualifier
    int64_t rank
    const Rule* rule


cdef const Rule* rule_of(const Rule* rules, size_t count, Span family) noexcept nogil:
    cdef size_t place
    for place in range(count):
        if same(rules[place].family, family):
            return &rules[place]
    return NULL


cdef inline unsigned char combine(const unsigned char* operands, const Operation* operation) noexcept nogil:
    """All (ALL) or any (ANY) of the operands, which are 0 or 1."""
    cdef unsigned char stop = 1 if operation.kind == ANY else 0
    cdef int64_t place
    for place in range(operation.number):
        if operands[place] == stop:
            return stop
    return 1 - stop


cdef bint collects(const Rule* rule, int64_t rank, int64_t timestamp, int64_t now) noexcept nogil:
    """Whether the rule collects the cell that has `rank` newer cells in its column."""
    cdef unsigned char stack[DEEPEST]
    cdef const Operation* operation
    cdef size_t place
    cdef int64_t depth = 0
    for place in range(rule.count):
        operation = &rule.operations[place]
        if operation.kind == VERSIONS:
            stack[depth] = rank >= operation.number
        elif operation.kind == AGE:
            stack[depth] = timestamp < now - operation.number
        else:
            depth -= operation.number
            stack[depth] = combine(&stack[depth], operation)
        depth += 1
    return rule.count and stack[0]


cdef inline void enter_cell(Column* column, Cell* cell, const Rule* rules, size_t count) noexcept nogil:
    """Move on to a cell: the next older one of its column, or the newest of another column."""
    column.rank += 1
    if column.rank > 0 and same(column.qualifier, cell.qualifier) and same(column.family, cell.family):
        return
    if column.rank == 0 or not same(column.family, cell.family):
        column.rule = rule_of(rules, count, cell.family)
    column.family = cell.family
    column.qualifier = cell.qualifier
    column.rank = 0


cdef Fault count_record(
    Cells* cells, Column* column, const Rule* rules, size_t count, int64_t now, uint64_t* found
) noexcept nogil:
    cdef Cell cell
    cdef Span key
    cdef Fault fault = read_key(&cells.cursor, &key)
    if fault:
        return fault
    if not same(column.key, key):
        column.key = key
        column.rank = -1
    while next_cell(cells, &cell):
        enter_cell(column, &cell, rules, count)
        if column.rule != NULL and collects(column.rule, column.rank, cell.timestamp, now):
            found[0] += 1
    return cells.fault


cdef Fault count_records(Cells* cells, const Rule* rules, size_t count, int64_t now, uint64_t* found) noexcept nogil:
    cdef Span nothing = span(NULL, 0)
    cdef Column column = Column(nothing, nothing, nothing, -1, NULL)
    cdef Fault fault = FINE
    while not fault and not at_end(&cells.cursor):
        fault = count_record(cells, &column, rules, count, now, found)
    return fault


def checked(bytes program not None):
    """`program`, after a check that it runs within the stack and leaves one result."""
    depth = 0
    steps = list(struct.iter_unpack("=qq", program)) if len(program) % 16 == 0 else [(0, 0)]
    for operation, number in steps:
        combines = operation in (INTERSECTION, UNION)
        operands = number if combines else 0
        known = combines or operation in (MAX_NUM_VERSIONS, MAX_AGE)
        if not known or number < combines or operands > depth or depth - operands >= DEEPEST:
            raise ValueError(f"a garbage collection program is malformed or too deep: {program!r}")
        depth += 1 - operands
    if depth != (1 if steps else 0):
        raise ValueError(f"a garbage collection program has {depth} results: {program!r}")
    return program


def count_collectable(const unsigned char[::1] records not None, dict rules not None, int64_t now_micros):
    """See the stub."""
    programs = [(name.encode(), checked(program)) for name, program in rules.items()]
    if records.shape[0] == 0 or not programs:
        return 0
    cdef size_t count = len(programs), place
    cdef const unsigned char* start = &records[0]
    cdef Cells cells = cells_at(start, start + records.shape[0], 0)
    cdef uint64_t found = 0
    cdef Fault fault
    cdef Rule* table = <Rule*>calloc(count, sizeof(Rule))
    if table == NULL:
        raise MemoryError("no memory for the rules")
    try:
        for place in range(count):
            fill(&table[place], programs[place][0], programs[place][1])
        with nogil:
            fault = count_records(&cells, table, count, now_micros, &found)
    finally:
        free(table)
    if fault:
        raise IntegrityError(
            f"A BigtableRow record is malformed before byte {cells.cursor.at - start} of its block. "
            "Verify the backup."
        )
    return found


cdef void fill(Rule* rule, bytes family, bytes program) noexcept:
    """Point `rule` at bytes that outlive it."""
    cdef const unsigned char* content = program
    rule.family = span_of(family)
    rule.operations = <const Operation*>content
    rule.count = len(program) // sizeof(Operation)
