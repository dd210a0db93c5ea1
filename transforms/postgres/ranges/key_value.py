"""Values of keys as texts that the server's input functions take back, and the ends of ranges made of them.

An end in the unnamed space is a JSON array of the key's texts, `["42","abc"]`, in UTF-8 (other bytes of an SQL_ASCII
database as they are); an end in the space `ctid` is the text of a `tid`, `(12,3)`. Binary forms are those of the
server's send functions, `src/backend/utils/adt`.
"""

import json
import math
import re
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from transforms.errors import IntegrityError
from transforms.postgres.codec import field_text
from transforms.postgres.codec.column import DUAL, Form

_TID = re.compile(rb"\((\d{1,10}),(\d{1,5})\)")


def key_end(forms: Sequence[Form], raw: Sequence[bytes | None]) -> bytes:
    """The end of a range at a row whose key has these values, fields of COPY in binary form."""
    return end_of([text_of(form, value) for form, value in zip(forms, raw, strict=True)])


def end_of(texts: Sequence[str]) -> bytes:
    """The end of a range at a key with these texts."""
    return json.dumps(list(texts), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")


def texts_of(end: bytes, count: int) -> list[str]:
    """The texts of a key's end.

    Raises:
        IntegrityError: if it is not an end of a key of `count` columns.
    """
    try:
        texts = json.loads(end.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{end[:80]!r} is no end of a key range.") from error
    if not isinstance(texts, list) or len(texts) != count or not all(isinstance(text, str) for text in texts):
        raise IntegrityError(f"{end[:80]!r} is no end of a range of a key of {count} columns.")
    return texts


def ctid_end(raw: bytes | None) -> bytes:
    """The end of a range at a row with this `tid`: block and position in the block (`tidsend`)."""
    if raw is None or len(raw) != 6:
        raise IntegrityError(f"The server sent {raw!r} where a ctid was expected.")
    return b"(%d,%d)" % struct.unpack(">IH", raw)


def check_ctid(end: bytes) -> str:
    """The text of an end in the space `ctid`.

    Raises:
        IntegrityError: if it is not one.
    """
    if not _TID.fullmatch(end):
        raise IntegrityError(f"{end!r} is no end of a ctid range.")
    return end.decode("ascii")


def text_of(form: Form, raw: bytes | None) -> str:
    """The text of one value, which the input function of its type takes back as the same value.

    Raises:
        IntegrityError: if it is NULL, or no value of the form.
    """
    if raw is None:
        raise IntegrityError("A key with NULL: the server's catalog says that there is none. Check the table.")
    try:
        return _TEXTS[form](raw)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise IntegrityError(f"The server sent {raw[:40]!r} where {form.name} was expected.") from error


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _bool(raw: bytes) -> str:
    return "t" if struct.unpack(">?", raw)[0] else "f"


def _integer(layout: str) -> Callable[[bytes], str]:
    return lambda raw: str(struct.unpack(layout, raw)[0])


def _float(layout: str) -> Callable[[bytes], str]:
    """Enough digits for either type: the text of a float4 as a double is nearer to it than to its neighbours."""

    def text(raw: bytes) -> str:
        value: float = struct.unpack(layout, raw)[0]
        if math.isfinite(value):
            return repr(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"

    return text


_TEXTS: Mapping[Form, Callable[[bytes], str]] = {
    Form.BOOL: _bool,
    Form.INT2: _integer(">h"),
    Form.INT4: _integer(">i"),
    Form.INT8: _integer(">q"),
    Form.FLOAT4: _float(">f"),
    Form.FLOAT8: _float(">d"),
    Form.BYTES: lambda raw: "\\x" + raw.hex(),
    Form.TEXT: _text,
    Form.JSONB: lambda raw: _text(raw[1:]),
    Form.UUID: lambda raw: str(uuid.UUID(bytes=raw)),
    **{form: partial(field_text.text_of, form) for form in DUAL},
    Form.OUTPUT: _text,
}
