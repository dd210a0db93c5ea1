"""A table's program (`column.program`), decoded: the form of each column, which the compiled codecs run."""

from libc.stdlib cimport free, malloc

from transforms.codec.span cimport Span
from transforms.postgres.codec.decimal cimport power_of_ten, uint128

# The numbers of `column.Form`; tests/transforms/postgres/codec/test_column.py holds both to be the same.
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
    NO_KEY = -1

# One column of a program.
cdef struct Step:
    Form form
    bint unchecked
    int precision
    int scale
    # Place among the fields of the row's key, or NO_KEY.
    int key
    # The limit of unscaled numbers of the precision, exclusive.
    uint128 limit

cdef struct Program:
    Step* steps
    int count
    # Fields of a row in COPY: every column but `_xrow`.
    int fields


cdef inline bint is_text_form(Form form) noexcept nogil:
    return form == TEXT or form == JSONB or form == OUTPUT


cdef inline bint is_dual(Form form) noexcept nogil:
    """Whether the column has a second field for the text of what its logical type cannot hold."""
    return DATE <= form <= NUMERIC


cdef inline void set_step(Step* step, const unsigned char* code) noexcept nogil:
    step.form = <Form>(code[0] & ~UNCHECKED)
    step.unchecked = (code[0] & UNCHECKED) != 0
    step.precision = code[1]
    step.scale = code[2]
    step.key = NO_KEY
    step.limit = power_of_ten(step.precision) if step.precision <= MOST_PRECISION else <uint128>0


cdef inline bint is_sound(const Step* step) noexcept nogil:
    if step.unchecked and not is_text_form(step.form):
        return False
    if step.form == NUMERIC:
        return 1 <= step.precision <= MOST_PRECISION and step.scale <= step.precision
    return step.form <= OUTPUT


cdef inline void release_program(Program* program) noexcept nogil:
    free(program.steps)
    program.steps = NULL


cdef inline int load_program(Program* program, Span code) except -1:
    """Decode a program; `release_program` frees the steps.

    Raises:
        ValueError: if it has no column, or one of no known form, without a text to leave unchecked, or of no
            such decimal. There is nothing to free then.
    """
    cdef int place
    program.count = program.fields = 0
    program.steps = NULL
    if code.size == 0 or code.size % BYTES_OF_STEP:
        raise ValueError(
            f"a program of {code.size} bytes: it has {BYTES_OF_STEP} for each column, and at least one column"
        )
    program.steps = <Step*>malloc(code.size // BYTES_OF_STEP * sizeof(Step))
    if program.steps == NULL:
        raise MemoryError("no memory for the program of a table")
    program.count = <int>(code.size // BYTES_OF_STEP)
    for place in range(program.count):
        set_step(&program.steps[place], code.data + BYTES_OF_STEP * place)
        program.fields += program.steps[place].form != PRESENCE
        if not is_sound(&program.steps[place]):
            release_program(program)
            raise ValueError(f"column {place + 1} of a program is of no known form: {code.data[BYTES_OF_STEP * place]}")
    return 0
