import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.errors import IntegrityError, RefusedError
from transforms.vault.format import sealed_json
from transforms.vault.format.sealed_json import DEEPEST, canonical, seal, unseal

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


def sealed_text(field: bytes) -> bytes:
    """A document with a field as it is written here, and the right seal, if that can be."""
    emptied = b'{"a": %s, "self_sha256": ""}\n' % field
    return emptied.replace(b'""}', b'"%s"}' % hashlib.sha256(emptied).hexdigest().encode())


@pytest.mark.parametrize("number", [b"1.0", b"1e3", b"-0.0", b"1e999", b"NaN", b"Infinity", b"-Infinity", b"1" * 5000])
def test_what_is_no_whole_number_is_refused(number: bytes) -> None:
    assert unseal(sealed_text(b"1"), "x") == {"a": 1}
    with pytest.raises(IntegrityError, match=r"^x cannot be read: it is not JSON of a vault: "):
        unseal(sealed_text(number), "x")


@pytest.mark.parametrize("outer", ["array", "object"])
def test_what_is_nested_too_deep_is_refused_before_any_reader_sees_it(outer: str) -> None:
    def nested(depth: int) -> bytes:
        start, end = (b"[", b"]") if outer == "array" else (b'{"a": ', b"}")
        return sealed_text(start * depth + b"1" + end * depth)

    assert unseal(nested(DEEPEST - 1), "x")
    for depth in (DEEPEST, 400, 900, 50_000):
        with pytest.raises(IntegrityError, match=r"^x cannot be read: it is not JSON of a vault: "):
            unseal(nested(depth), "x")


@pytest.mark.parametrize("value", [{"a": [[]]}, {"a": "x" * 200}], ids=["deep", "large"])
def test_nothing_is_written_that_no_reader_takes(value: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert unseal(seal(value), "x") == value
    monkeypatch.setattr(sealed_json, "DEEPEST", 2)
    monkeypatch.setattr(sealed_json, "LARGEST_DOCUMENT", 200)
    with pytest.raises(RefusedError, match="Select fewer tables"):
        seal(value)


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"x cannot be read: .* two members of one name"):
        unseal(sealed_text(b'1, "a": 2'), "x")
