"""JSON objects that prove themselves: one canonical form, with its own SHA-256 inside."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NoReturn

from transforms.errors import IntegrityError, RefusedError

SEAL = "self_sha256"

LARGEST_DOCUMENT = 512 << 20
"""Bytes of the largest object: some 100,000 tables. A reader takes no more into its memory."""

DEEPEST = 200
"""How deep arrays and objects may lie in each other: a rule of garbage collection may reach 100 (protobuf's limit)."""


_AFTER = b'"}\n'
"""What follows an empty seal that is an object's last field."""


def canonical(value: dict[str, Any]) -> bytes:
    """The one form of a JSON value: keys sorted, on one line of ASCII with a newline at its end.

    On one line, since Python lays out JSON ten times as slowly, and a manifest may describe thousands of tables. ASCII,
    since names of an SQL_ASCII database need not be UTF-8: their other bytes are lone surrogates, which JSON can
    escape and UTF-8 cannot hold.
    """
    return (json.dumps(value, sort_keys=True) + "\n").encode("ascii")


def seal(value: dict[str, Any]) -> bytes:
    """The canonical form of `value` with its seal: the SHA-256 of this form with an empty seal.

    Raises:
        RefusedError: if it is larger or deeper than a reader takes.
    """
    blank = canonical({**value, SEAL: ""})
    first = {key: item for key, item in value.items() if key < SEAL}
    place = len(canonical({**first, SEAL: ""})) - len(_AFTER)  # the same keys begin both
    data = b"".join((blank[:place], hashlib.sha256(blank).hexdigest().encode(), blank[place:]))
    if len(data) > LARGEST_DOCUMENT or not _is_shallow(value):
        raise RefusedError(
            f"a document of {len(data):,} bytes: {LARGEST_DOCUMENT:,} are the most, and {DEEPEST} arrays and "
            "objects in each other. Select fewer tables for one backup."
        )
    return data


def unseal(data: bytes, name: str) -> dict[str, Any]:
    """The value that `seal` made `data` of.

    Raises:
        IntegrityError: naming `name`, if a single byte differs, or if it is no sealed JSON object.
    """
    try:
        value = json.loads(
            data, parse_float=_refuse_number, parse_constant=_refuse_number, object_pairs_hook=_without_doubles
        )
        if not isinstance(value, dict) or not _is_shallow(value):
            raise ValueError("it is no object, or is nested too deep")
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{name} cannot be read: it is not JSON of a vault: {error}.") from error
    if not _is_sealed(value.pop(SEAL, None), data):
        raise IntegrityError(f"{name} is corrupt: its bytes do not agree with the digest that it carries.")
    return value


def _is_sealed(digest: object, data: bytes) -> bool:
    """Whether `data`, with the digest that it carries taken out, has this digest."""
    if not isinstance(digest, str) or not data.isascii():
        return False
    filled, blank = (f'"{SEAL}": "{text}"'.encode() for text in (digest, ""))
    return data.count(filled) == 1 and hashlib.sha256(data.replace(filled, blank)).hexdigest() == digest


def _without_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two members of one name readers take different ones."""
    value = dict(members)
    if len(value) < len(members):
        raise ValueError("an object has two members of one name")
    return value


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no whole number")


def _is_shallow(value: "dict[str, Any]") -> bool:
    """Whether nothing lies deeper than it may: level by level, since it may be deeper than Python's stack."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [item for held in level for item in _members(held) if isinstance(item, list | dict)]
    return not level


def _members(held: "list[Any] | dict[str, Any]") -> Iterable[Any]:
    return held.values() if isinstance(held, dict) else held
