import hashlib
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from transforms.folder_name import LONGEST_IDENTIFIER, encode_part, encode_parts

PARTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(PARTS)
def test_a_part_can_be_read_back_and_is_a_safe_name(part: str) -> None:
    encoded = encode_part(part)
    assert unquote(encoded) == part
    assert encoded.isascii()
    assert not encoded.startswith(".")
    assert not set(encoded) & set("/+~\\ ")


def test_bytes_that_are_not_utf8_are_kept() -> None:
    assert encode_part(b"\xff\xe9".decode("utf-8", "surrogateescape")) == "%FF%E9"


@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(PARTS, min_size=1, max_size=3))
def test_two_identifiers_have_two_names(one: list[str], other: list[str]) -> None:
    assert (encode_parts(one) == encode_parts(other)) == (one == other)


def test_a_name_that_is_too_long_is_cut_and_keeps_its_digest() -> None:
    whole = "a" * (LONGEST_IDENTIFIER + 1)
    name = encode_parts([whole])
    assert len(name) == LONGEST_IDENTIFIER
    assert name == f"{whole[:147]}~{hashlib.sha256(whole.encode()).hexdigest()[:32]}"
    assert encode_parts(["a" * LONGEST_IDENTIFIER]) == "a" * LONGEST_IDENTIFIER
