"""The text of a date, a time or a numeric from its field in a binary COPY."""

def text_of(form: int, field: bytes) -> str:
    """What PostgreSQL's output function writes of a value, with DateStyle ISO and the time zone UTC.

    Args:
        form: One of `column.Form`'s DATE, TIME, TIMESTAMP, TIMESTAMPTZ and NUMERIC.
        field: The value as its type's send function writes it.

    Raises:
        ValueError: if the form is another one, or the bytes are not a value of it.
    """
