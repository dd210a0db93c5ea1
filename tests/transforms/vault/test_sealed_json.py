import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.errors import IntegrityError
from transforms.vault.sealed_json import canonical, seal, unseal

# Bytes that are no UTF-8 are lone surrogates; no others are text of anybody's.
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.binary(max_size=20).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(TEXT.filter(lambda key: key != "self_sha256"), VALUES, max_size=5)
SEALED = seal({"format": 1, "name": "größe", "list": [1, None, {"a": True}]})


@given(OBJECTS)
def test_what_is_sealed_comes_back(value: dict[str, Any]) -> None:
    assert unseal(seal(value), "x") == value


@given(OBJECTS)
def test_the_seal_is_the_digest_of_the_form_with_an_empty_seal(value: dict[str, Any]) -> None:
    sealed = json.loads(seal(value))
    emptied = json.dumps({**sealed, "self_sha256": ""}, sort_keys=True) + "\n"
    assert sealed["self_sha256"] == hashlib.sha256(emptied.encode()).hexdigest()


def test_the_form_is_canonical() -> None:
    assert canonical({"b": [], "a": {"ä": 1}}) == b'{"a": {"\\u00e4": 1}, "b": []}\n'


def test_whatever_is_not_printable_ascii_is_escaped() -> None:
    assert canonical({"a": "~\x7f\n\udcff\N{GRINNING FACE}"}) == b'{"a": "~\\u007f\\n\\udcff\\ud83d\\ude00"}\n'


@given(OBJECTS)
def test_the_form_is_ascii(value: dict[str, Any]) -> None:
    assert canonical(value).isascii()


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_every_changed_byte_shows(mask: int) -> None:
    for place in range(len(SEALED)):
        damaged = bytearray(SEALED)
        damaged[place] ^= mask
        with pytest.raises(IntegrityError, match="MANIFEST"):
            unseal(bytes(damaged), "MANIFEST")


def test_every_shorter_and_longer_form_shows() -> None:
    for damaged in [*(SEALED[:size] for size in range(len(SEALED))), SEALED + b"\n", b" " + SEALED, SEALED * 2]:
        with pytest.raises(IntegrityError):
            unseal(damaged, "x")


@pytest.mark.parametrize("codec", ["utf-16", "utf-32", "utf-8-sig"])
def test_another_encoding_of_the_same_text_shows(codec: str) -> None:
    with pytest.raises(IntegrityError):
        unseal(SEALED.decode("ascii").encode(codec), "x")


@given(st.binary() | OBJECTS.map(canonical))
@example(b'{"a": "\\ud800", "self_sha256": ""}')
@example(b"[" * 200_000)
@example(b'{"a": ' * 200_000)
@example(b'{"a": %s}' % (b"1" * 5000))
@example(b"")
def test_no_other_bytes_are_taken_or_break_the_reader(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        unseal(data, "x")
