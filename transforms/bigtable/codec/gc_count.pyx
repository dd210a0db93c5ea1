# cython: language_level=3, boundscheck=False, wraparound=False
"""How many cells garbage collection rules would remove, counted without the interpreter.

Rules as in `google.bigtable.admin.v2.GcRule`: https://cloud.google.com/bigtable/docs/garbage-collection
"""

import struct

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp

from transforms.bigtable.codec.wire cimport FINE, Cell, Cells, Cursor, Span, next_cell, read_key

from transforms.bigtable.catalog.gc_rule import INTERSECTION, MAX_AGE, MAX_NUM_VERSIONS, UNION
from transforms.errors import IntegrityError

cdef enum:
    VERSIONS = 1
    AGE = 2
    ALL = 3
    ANY = 4
    DEEPEST = 256


ctypedef struct Step:
    int64_t operation
    int64_t number


ctypedef struct Rule:
    Span family
    const Step *steps
    size_t count


ctypedef struct Column:
    # Where the walk is: the spans point into the records.
    Span key
    Span family
    Span qualifier
    int64_t rank
    const Rule *rule


cdef inline bint same(Span one, Span other) noexcept nogil:
    return one.length == other.length and memcmp(one.at, other.at, one.length) == 0


cdef const Rule *rule_of(const Rule *rules, size_t count, Span family) noexcept nogil:
    cdef size_t place
    for place in range(count):
        if same(rules[place].family, family):
            return &rules[place]
    return NULL


cdef inline unsigned char combine(const unsigned char *operands, const Step *step) noexcept nogil:
    """All (ALL) or any (ANY) of the operands, which are 0 or 1."""
    cdef unsigned char stop = 1 if step.operation == ANY else 0
    cdef int64_t place
    for place in range(step.number):
        if operands[place] == stop:
            return stop
    return 1 - stop


cdef bint collects(const Rule *rule, int64_t rank, int64_t timestamp, int64_t now) noexcept nogil:
    """Whether the rule collects the cell that has `rank` newer cells in its column."""
    cdef unsigned char stack[DEEPEST]
    cdef const Step *step
    cdef size_t place
    cdef int64_t depth = 0
    for place in range(rule.count):
        step = &rule.steps[place]
        if step.operation == VERSIONS:
            stack[depth] = rank >= step.number
        elif step.operation == AGE:
            stack[depth] = timestamp < now - step.number
        else:
            depth -= step.number
            stack[depth] = combine(&stack[depth], step)
        depth += 1
    return rule.count and stack[0]


cdef inline void enter_cell(Column *column, Cell *cell, const Rule *rules, size_t count) noexcept nogil:
    """Move on to a cell: one rank further in its column, or the newest of another column."""
    column.rank += 1
    if column.rank > 0 and same(column.qualifier, cell.qualifier) and same(column.family, cell.family):
        return
    if column.rank == 0 or not same(column.family, cell.family):
        column.rule = rule_of(rules, count, cell.family)
    column.family = cell.family
    column.qualifier = cell.qualifier
    column.rank = 0


cdef uint64_t count_record(Cells *cells, Column *column, const Rule *rules, size_t count, int64_t now) noexcept nogil:
    cdef Cell cell
    cdef uint64_t found = 0
    cdef Span key = read_key(&cells.cursor)
    if not same(column.key, key):
        column.key = key
        column.rank = -1
    while next_cell(cells, &cell):
        enter_cell(column, &cell, rules, count)
        if column.rule != NULL and collects(column.rule, column.rank, cell.timestamp, now):
            found += 1
    return found


cdef uint64_t count_records(Cells *cells, const Rule *rules, size_t count, int64_t now) noexcept nogil:
    cdef Span nothing = Span(NULL, 0)
    cdef Column column = Column(nothing, nothing, nothing, -1, NULL)
    cdef uint64_t found = 0
    while cells.cursor.at < cells.cursor.end:
        found += count_record(cells, &column, rules, count, now)
    return found


def checked(bytes program not None):
    """`program`, once it is sure that it runs within the stack and leaves one result."""
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


cdef Span span_of(bytes content):
    cdef Span span
    span.at = content
    span.length = len(content)
    return span


def count_collectable(const unsigned char[::1] records not None, dict rules not None, int64_t now_micros):
    """See the stub."""
    programs = [(name.encode(), checked(program)) for name, program in rules.items()]
    if records.shape[0] == 0 or not programs:
        return 0
    cdef size_t count = len(programs), place
    cdef const unsigned char *start = &records[0]
    cdef Cells cells = Cells(Cursor(start, start + records.shape[0], FINE), 0)
    cdef uint64_t found
    cdef Rule *table = <Rule *>calloc(count, sizeof(Rule))
    if table == NULL:
        raise MemoryError("no memory for the rules")
    try:
        for place in range(count):
            fill(&table[place], programs[place][0], programs[place][1])
        with nogil:
            found = count_records(&cells, table, count, now_micros)
    finally:
        free(table)
    if cells.cursor.fault != FINE:
        raise IntegrityError(
            f"A BigtableRow record is malformed before byte {cells.cursor.at - start} of its block. "
            "Verify the backup."
        )
    return found


cdef void fill(Rule *rule, bytes family, bytes program) noexcept:
    """Point `rule` at bytes that outlive it."""
    cdef const unsigned char *content = program
    rule.family = span_of(family)
    rule.steps = <const Step *>content
    rule.count = len(program) // sizeof(Step)
