"""Names of columns and tables as Avro names, and back.

Avro names match `[A-Za-z_][A-Za-z0-9_]*`, BigQuery's columns do not differ in case alone, and SQL
identifiers are any text. Lower-case letters, digits and `_` stay; every run of other characters becomes
`_x`, the run's UTF-8 bytes in hex, and `_`. Part of a run is also a digit or `_` at the start, `_` before
`x`, and `x` after any character of a run. So `_x` is in an encoded name only where a run begins, and none
can hold `_xtext` or `_xrow`, as `t` and `r` are no hex digits.
"""

import re

TEXT_SUFFIX = "_xtext"
ROW_FIELD = "_xrow"
_RUN = re.compile(r"(?:(?:\A[0-9_]|_(?=x)|[^a-z0-9_])x*)+")
_ENCODED_RUN = re.compile(r"_x([0-9a-f]+)_")


def encode(name: str) -> str:
    """The Avro name of an SQL identifier.

    Args:
        name: The exact identifier, not empty; bytes that are not UTF-8 as surrogate escapes.

    Returns:
        A name of `[a-z0-9_]` that does not start with a digit; two identifiers never have the same.
    """
    return _RUN.sub(lambda run: f"_x{run[0].encode('utf-8', 'surrogateescape').hex()}_", name)


def decode(field: str) -> str:
    """The inverse of `encode`.

    Raises:
        ValueError: if `encode` never returns such a name.
    """
    name = _ENCODED_RUN.sub(lambda run: bytes.fromhex(run[1]).decode("utf-8", "surrogateescape"), field)
    if not name or encode(name) != field:
        raise ValueError(f"{field!r} is no encoded name of a column or table")
    return name
