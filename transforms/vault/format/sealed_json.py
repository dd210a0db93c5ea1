"""Sealed JSON objects: one canonical form that contains its own SHA-256."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NoReturn

from transforms.errors import IntegrityError, RefusedError

SEAL = "self_sha256"

LARGEST_DOCUMENT = 512 << 20
"""Most bytes of an object: some 100,000 tables. A reader loads no more into memory."""

DEEPEST = 200
"""How deeply arrays and objects may be nested: a garbage collection rule may reach 100 (protobuf's limit)."""


_AFTER = b'"}\n'
"""The end of an object whose last field is an empty seal."""


def canonical(value: dict[str, Any]) -> bytes:
    """The canonical form of a JSON value: keys sorted, on one line of ASCII with a newline at the end.

    On one line, since Python indents JSON ten times as slowly, and a manifest may describe thousands of tables. ASCII,
    since names of an SQL_ASCII database need not be UTF-8: their other bytes are lone surrogates, which JSON can
    escape and UTF-8 cannot hold.
    """
    return (json.dumps(value, sort_keys=True) + "\n").encode("ascii")


def seal(value: dict[str, Any]) -> bytes:
    """The canonical form of `value` with a seal: the SHA-256 of the same form with an empty seal.

    Raises:
        RefusedError: if it is larger or deeper than a reader accepts.
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
    """The inverse of `seal`; `name` is the object's.

    Raises:
        IntegrityError: if a single byte differs, or if `data` is not a sealed JSON object.
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
    """Whether `data`, without the digest that it contains, has this digest."""
    if not isinstance(digest, str) or not data.isascii():
        return False
    filled, blank = (f'"{SEAL}": "{text}"'.encode() for text in (digest, ""))
    return data.count(filled) == 1 and hashlib.sha256(data.replace(filled, blank)).hexdigest() == digest


def _without_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two members with one name are refused, since readers differ in which one counts."""
    value = dict(members)
    if len(value) < len(members):
        raise ValueError("an object has two members of one name")
    return value


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no whole number")


def _is_shallow(value: "dict[str, Any]") -> bool:
    """Whether nothing is nested too deeply: checked level by level, since it may be deeper than Python's stack."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [item for held in level for item in _members(held) if isinstance(item, list | dict)]
    return not level


def _members(held: "list[Any] | dict[str, Any]") -> Iterable[Any]:
    return held.values() if isinstance(held, dict) else held
