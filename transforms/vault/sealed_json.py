"""JSON objects that prove themselves: one canonical form, with its own SHA-256 inside."""

import hashlib
import json
from typing import Any

from transforms.errors import IntegrityError

SEAL = "self_sha256"


def canonical(value: dict[str, Any]) -> bytes:
    """The one form of a JSON value: keys sorted, on one line of ASCII with a newline at its end.

    On one line, since Python lays out JSON ten times as slowly, and a manifest may describe thousands of tables. ASCII,
    since names of an SQL_ASCII database need not be UTF-8: their other bytes are lone surrogates, which JSON can
    escape and UTF-8 cannot hold.
    """
    return (json.dumps(value, sort_keys=True) + "\n").encode("ascii")


def seal(value: dict[str, Any]) -> bytes:
    """The canonical form of `value` with the SHA-256 of its form with an empty seal put in."""
    digest = hashlib.sha256(canonical({**value, SEAL: ""})).hexdigest()
    return canonical({**value, SEAL: digest})


def unseal(data: bytes, name: str) -> dict[str, Any]:
    """The value that `seal` made `data` of.

    Raises:
        IntegrityError: naming `name`, if a single byte differs.
    """
    try:
        value = json.loads(data)
        sealed = isinstance(value, dict) and _is_sealed(value, data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{name} cannot be read: it is not JSON: {error}.") from error
    if not sealed:
        raise IntegrityError(f"{name} is corrupt: its bytes do not agree with the digest that it carries.")
    return {key: item for key, item in value.items() if key != SEAL}


def _is_sealed(value: dict[str, Any], data: bytes) -> bool:
    """Whether `data` is `seal` of its value: its blank form with the digest of that form put in, made only once."""
    blank = canonical({**value, SEAL: ""})
    digest = hashlib.sha256(blank).hexdigest()
    return value.get(SEAL) == digest and data.replace(digest.encode(), b"", 1) == blank
