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

from transforms.errors import IntegrityError
from transforms.postgres.codec.column import Form

_POSTGRES_EPOCH = 730_425  # 2000-01-01 as days since 0000-03-01 of the proleptic Gregorian calendar
_DAY = 86_400_000_000
_INFINITE_DAYS = {2**31 - 1: "infinity", -(2**31): "-infinity"}
_INFINITE_MICROS = {2**63 - 1: "infinity", -(2**63): "-infinity"}
_NUMERIC_SIGNS = {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}
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


def _date(raw: bytes) -> str:
    days = struct.unpack(">i", raw)[0]
    return _INFINITE_DAYS.get(days) or _with_era(days, "")


def _time(raw: bytes) -> str:
    return _clock(struct.unpack(">q", raw)[0])


def _timestamp(zone: str) -> Callable[[bytes], str]:
    def text(raw: bytes) -> str:
        micros = struct.unpack(">q", raw)[0]
        days, rest = divmod(micros, _DAY)
        return _INFINITE_MICROS.get(micros) or _with_era(days, f" {_clock(rest)}{zone}")

    return text


def _clock(micros: int) -> str:
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"


def _with_era(days: int, behind: str) -> str:
    """The date `days` after 2000-01-01, what stands behind it, and its era: years before 1 are BC."""
    year, month, day = _civil(days + _POSTGRES_EPOCH)
    era = "" if year > 0 else " BC"
    return f"{year if year > 0 else 1 - year:04}-{month:02}-{day:02}{behind}{era}"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day, counted in 400-year cycles and in years that begin in March."""
    cycle, day_of_cycle = divmod(days, 146_097)
    year = (day_of_cycle - day_of_cycle // 1_460 + day_of_cycle // 36_524 - day_of_cycle // 146_096) // 365
    day_of_year = day_of_cycle - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    is_next_year = month >= 10
    return cycle * 400 + year + is_next_year, month - 9 if is_next_year else month + 3, day


def _numeric(raw: bytes) -> str:
    """Groups of four digits, the first one worth 10000 to the power of the weight (`numeric_send`)."""
    count, weight, sign, scale = struct.unpack(">HhHH", raw[:8])
    if sign in _NUMERIC_SIGNS:
        return _NUMERIC_SIGNS[sign]
    groups = struct.unpack(f">{count}H", raw[8:])
    digits = "".join(f"{group:04}" for group in groups).lstrip("0")  # too many for an int of Python's, perhaps
    return f"{'-' if sign else ''}{digits}e{4 * (weight + 1 - count)}" if digits else f"0e-{scale}"


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
    Form.DATE: _date,
    Form.TIME: _time,
    Form.TIMESTAMP: _timestamp(""),
    Form.TIMESTAMPTZ: _timestamp("+00"),
    Form.NUMERIC: _numeric,
    Form.OUTPUT: _text,
}
