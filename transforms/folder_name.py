"""Encodes identifiers as names of folders and objects."""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

LONGEST_IDENTIFIER = 180
"""Most characters of an encoded identifier: file systems allow 255 in a name."""


def encode_part(part: str) -> str:
    """Encode a part of an identifier: everything but letters, digits, `-`, `_` and `.` is percent-encoded.

    A leading dot is encoded too, so that no part is hidden or names a parent folder. Lone surrogates are bytes that are
    not UTF-8 (PEP 383).
    """
    encoded = quote(part, safe="", errors="surrogateescape").replace("~", "%7E")
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def encode_parts(parts: Sequence[str]) -> str:
    """Encode an identifier of several parts, with `+` between them (no encoded part contains one).

    A name that is too long is cut, and ends in `~` (no encoded part contains one either) and the
    first half of the whole name's SHA-256 in hexadecimal.
    """
    whole = "+".join(encode_part(part) for part in parts)
    if len(whole) <= LONGEST_IDENTIFIER:
        return whole
    digest = hashlib.sha256(whole.encode("ascii")).hexdigest()[:32]
    return f"{whole[: LONGEST_IDENTIFIER - 33]}~{digest}"
