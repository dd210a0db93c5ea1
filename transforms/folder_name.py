"""The names of folders and objects that identifiers get."""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote

LONGEST_IDENTIFIER = 180
"""Characters of an encoded identifier, the name of a folder: file systems take 255."""


def encode_part(part: str) -> str:
    """A part of an identifier as part of a name: all but letters, digits, `-`, `_` and `.` percent-encoded.

    A leading dot is encoded too, so that no part is hidden or names a parent folder. Lone surrogates are bytes that are
    not UTF-8 (PEP 383).
    """
    encoded = quote(part, safe="", errors="surrogateescape").replace("~", "%7E")
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def encode_parts(parts: Sequence[str]) -> str:
    """An identifier of several parts, `+` between them (which no encoded part holds).

    One that is too long for the name of a file is cut, and ends in `~` (which no encoded part holds either) and the
    first half of the whole one's SHA-256 in hexadecimal.
    """
    whole = "+".join(encode_part(part) for part in parts)
    if len(whole) <= LONGEST_IDENTIFIER:
        return whole
    digest = hashlib.sha256(whole.encode("ascii")).hexdigest()[:32]
    return f"{whole[: LONGEST_IDENTIFIER - 33]}~{digest}"
