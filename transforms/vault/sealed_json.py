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


def canonical(value: dict[str, Any]) -> bytes:
    """The one form of a JSON value: keys sorted, on one line of ASCII with a newline at its end.

    On one line, since Python lays out JSON ten times as slowly, and a manifest may describe thousands of tables. ASCII,
    since names of an SQL_ASCII database need not be UTF-8: their other bytes are lone surrogates, which JSON can
    escape and UTF-8 cannot hold.
    """
    return (json.dumps(value, sort_keys=True) + "\n").encode("ascii")


def seal(value: dict[str, Any]) -> bytes:
    """The canonical form of `value` with the SHA-256 of its form with an empty seal put in.

    Raises:
        RefusedError: if it is larger or deeper than a reader takes.
    """
    digest = hashlib.sha256(canonical({**value, SEAL: ""})).hexdigest()
    data = canonical({**value, SEAL: digest})
    if len(data) > LARGEST_DOCUMENT or not _is_shallow(value):
        raise RefusedError(
            f"a document of {len(data):,} bytes: {LARGEST_DOCUMENT:,} are the most, and {DEEPEST} arrays and "
            "objects in each other. Select fewer tables for one backup."
        )
    return data


def unseal(data: bytes, name: str) -> dict[str, Any]:
    """The value that `seal` made `data` of.

    Raises:
        IntegrityError: naming `name`, if a single byte differs, or if it is nothing that `seal` makes.
    """
    try:
        value = json.loads(data, parse_float=_refuse_number, parse_constant=_refuse_number)
        if not isinstance(value, dict) or not _is_shallow(value):
            raise ValueError("it is no object, or is nested too deep")
        is_sealed = _is_sealed(value, data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{name} cannot be read: it is not JSON of a vault: {error}.") from error
    if not is_sealed:
        raise IntegrityError(f"{name} is corrupt: its bytes do not agree with the digest that it carries.")
    return {key: item for key, item in value.items() if key != SEAL}


def _is_sealed(value: dict[str, Any], data: bytes) -> bool:
    """Whether `data` is `seal` of its value: its blank form with the digest of that form put in, made only once."""
    blank = canonical({**value, SEAL: ""})
    digest = hashlib.sha256(blank).hexdigest()
    return value.get(SEAL) == digest and data.replace(digest.encode(), b"", 1) == blank


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
