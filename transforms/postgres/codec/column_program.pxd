"""A table's program, `column.program`, taken apart: the form of each column, which the compiled codecs run."""

from libc.stdlib cimport free, malloc

from transforms.postgres.codec.decimal_text cimport power_of_ten, uint128

# The numbers of `column.Form`.
cdef enum Form:
    PRESENCE
    BOOL
    INT2
    INT4
    INT8
    FLOAT4
    FLOAT8
    BYTES
    TEXT
    JSONB
    UUID
    DATE
    TIME
    TIMESTAMP
    TIMESTAMPTZ
    NUMERIC
    OUTPUT

cdef enum:
    # In a form: its text is not checked for UTF-8.
    UNCHECKED = 0x80
    BYTES_OF_STEP = 3
    MOST_PRECISION = 38

# One column of a program.
cdef struct Step:
    Form form
    bint unchecked
    int precision
    int scale
    # What an unscaled number of the precision stays below.
    uint128 limit

cdef struct Program:
    Step* steps
    int count
    # Fields of a row in COPY: every column but `_xrow`.
    int fields


cdef inline void set_step(Step* step, const unsigned char* code) noexcept nogil:
    step.form = <Form>(code[0] & ~UNCHECKED)
    step.unchecked = (code[0] & UNCHECKED) != 0
    step.precision = code[1]
    step.scale = code[2]
    step.limit = power_of_ten(step.precision) if step.precision <= MOST_PRECISION else <uint128>0


cdef inline bint is_sound(const Step* step) noexcept nogil:
    if step.form == NUMERIC:
        return 1 <= step.precision <= MOST_PRECISION and step.scale <= step.precision and not step.unchecked
    return step.form <= OUTPUT and (
        not step.unchecked or step.form == TEXT or step.form == JSONB or step.form == OUTPUT
    )


cdef inline int load_program(Program* program, const unsigned char* code, size_t size) except -1:
    """Take a program's bytes apart; the steps are freed by `free`."""
    cdef int place
    if size == 0 or size % BYTES_OF_STEP:
        raise ValueError(f"a program of {size} bytes: it has {BYTES_OF_STEP} for each column, and at least one column")
    program.count = <int>(size // BYTES_OF_STEP)
    program.fields = 0
    program.steps = <Step*>malloc(program.count * sizeof(Step))
    if program.steps == NULL:
        raise MemoryError("no memory for the program of a table")
    for place in range(program.count):
        set_step(&program.steps[place], code + BYTES_OF_STEP * place)
        program.fields += program.steps[place].form != PRESENCE
        if not is_sound(&program.steps[place]):
            free(program.steps)
            raise ValueError(f"column {place + 1} of a program is of no known form: {code[BYTES_OF_STEP * place]}")
    return 0
