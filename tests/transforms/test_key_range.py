from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange, check_tiling, printable

CUTS = st.lists(st.binary(min_size=1, max_size=4), unique=True, max_size=6)


def chain(cuts: list[bytes], space: str = "") -> list[KeyRange]:
    return [KeyRange(space, start, end) for start, end in pairwise([b"", *cuts, b""])]


def refused(ranges: list[KeyRange], whole: KeyRange, problem: str = "do not tile") -> None:
    with pytest.raises(IntegrityError, match=problem):
        check_tiling(ranges, whole, "table t")


@given(CUTS, st.sampled_from(["", "nulls"]))
def test_a_chain_of_equal_ends_tiles_in_whatever_order_its_keys_are(cuts: list[bytes], space: str) -> None:
    check_tiling(chain(cuts, space), KeyRange(space), "table t")


@given(CUTS, st.data())
def test_a_chain_that_lacks_a_range_does_not_tile(cuts: list[bytes], data: st.DataObject) -> None:
    ranges = chain(cuts)
    del ranges[data.draw(st.integers(0, len(ranges) - 1))]
    refused(ranges, KeyRange())


@given(CUTS, st.data())
def test_a_chain_with_a_range_twice_does_not_tile(cuts: list[bytes], data: st.DataObject) -> None:
    ranges = chain(cuts)
    place = data.draw(st.integers(0, len(ranges) - 1))
    refused([*ranges[: place + 1], *ranges[place:]], KeyRange())


@given(CUTS, st.data())
def test_ranges_that_change_places_do_not_tile(cuts: list[bytes], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(chain(cuts)))
    assume(mixed != chain(cuts))
    refused(mixed, KeyRange())


@given(CUTS.filter(bool), st.data())
def test_an_end_that_moves_makes_a_gap_or_an_overlap(cuts: list[bytes], data: st.DataObject) -> None:
    ranges = chain(cuts)
    place = data.draw(st.integers(0, len(ranges) - 1))
    ranges[place] = KeyRange("", ranges[place].start, ranges[place].end + b"x")
    refused(ranges, KeyRange())


def test_a_range_of_another_key_space_does_not_tile() -> None:
    refused([KeyRange("nulls")], KeyRange())
    refused([KeyRange("", b"", b"m"), KeyRange("nulls", b"m", b"")], KeyRange())


def test_a_part_of_a_key_space_is_tiled_to_its_own_ends() -> None:
    ranges = [KeyRange("", b"b", b"m"), KeyRange("", b"m", b"p")]
    check_tiling(ranges, KeyRange("", b"b", b"p"), "shard")
    for whole in (KeyRange("", b"b", b""), KeyRange("", b"", b"p"), KeyRange("", b"b", b"o"), KeyRange("", b"a", b"p")):
        refused(ranges, whole)


def test_the_error_says_where_and_what() -> None:
    refused(
        [], KeyRange(), r"^table t: the ranges do not tile: they end at \(open\), short of \[\(open\), \(open\)\)\.$"
    )
    ranges = [KeyRange("", b"", b"b"), KeyRange("", b"c", b"")]
    refused(ranges, KeyRange(), r"^table t: .* expected a range from b, found \[c, \(open\)\)\. Take a new backup\.$")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"", "(open)"),
        (b"order 7", "order 7"),
        (b"\x00\n\x7f\xff", r"\x00\x0a\x7f\xff"),
        ("ä".encode(), r"\xc3\xa4"),
        (b"k" * 61, "k" * 60 + "..."),
        (b"k" * 60, "k" * 60),
    ],
)
def test_a_key_is_shown_in_printable_ascii(key: bytes, text: str) -> None:
    assert printable(key) == text


@given(st.binary())
def test_a_shown_key_never_breaks_a_line(key: bytes) -> None:
    assert printable(key).isprintable()
    assert printable(key).isascii()


def test_a_range_is_shown_with_its_space() -> None:
    assert [str(KeyRange("", b"a", b"")), str(KeyRange("nulls"))] == ["[a, (open))", "nulls [(open), (open))"]
