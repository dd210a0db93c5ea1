"""Ranges tile the key space whatever the samples are, and are as many and as even as the keys allow."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.bigtable.ranges.split import MANY, SMALL_RANGE, Sample, interpolate, split, wanted_ranges
from transforms.key_range import KeyRange, check_tiling

KEYS = st.binary(max_size=12) | st.sampled_from([b"", b"\x00", b"\xff" * 9, b"a", b"a\x00", b"user#0", b"user#1"])
SAMPLES = st.lists(st.tuples(KEYS, st.integers(0, 1 << 40)), max_size=30)
RANGES = st.integers(1, 200)
MEBI = 1 << 20


def ends(ranges: Sequence[KeyRange]) -> list[bytes]:
    """The inner ends."""
    return [each.end for each in ranges[:-1]]


@given(SAMPLES, RANGES)
def test_ranges_tile_the_key_space_in_increasing_order(samples: list[Sample], wanted: int) -> None:
    ranges = split(samples, wanted)
    check_tiling(ranges, KeyRange(), "here")
    assert 1 <= len(ranges) <= wanted
    assert ends(ranges) == sorted(set(ends(ranges)) - {b""})


@given(RANGES)
def test_a_table_without_samples_is_cut_into_just_as_many_ranges(wanted: int) -> None:
    assert len(split([], wanted)) == wanted


@given(st.binary(min_size=1, max_size=6), st.integers(1, 1 << 40), RANGES)
def test_one_sample_and_a_long_rest_leave_room_for_any_number(key: bytes, offset: int, wanted: int) -> None:
    ranges = split([(key, offset), (b"", 2 * offset)], wanted)
    # Near the first key there may be no room between it and the beginning: b"\x00" has one key before it.
    assert wanted // 2 <= len(ranges) <= wanted


@given(st.sets(st.binary(min_size=1, max_size=8), min_size=1, max_size=60), st.data())
def test_with_enough_samples_every_end_is_one(keys: set[bytes], data: st.DataObject) -> None:
    samples = [(key, MEBI * number) for number, key in enumerate(sorted(keys), 1)]
    wanted = data.draw(st.integers(1, len(keys) + 1))
    assert set(ends(split([*samples, (b"", MEBI * (len(keys) + 1))], wanted))) <= keys


@given(st.dictionaries(st.binary(min_size=1, max_size=8), st.integers(0, 1 << 40), min_size=1, max_size=60), st.data())
def test_with_enough_samples_there_are_as_many_ranges_as_wanted(weights: dict[bytes, int], data: st.DataObject) -> None:
    samples = list(zip(sorted(weights), accumulate(weights.values()), strict=True))
    wanted = data.draw(st.integers(1, len(weights) + 1))
    assert len(split(samples, wanted)) == wanted


@given(st.sets(st.binary(min_size=1, max_size=8), min_size=1, max_size=60), st.data())
def test_samples_of_equal_weight_give_the_ranges_that_are_wanted(keys: set[bytes], data: st.DataObject) -> None:
    samples = [(key, MEBI * number) for number, key in enumerate(sorted(keys), 1)]
    wanted = data.draw(st.integers(1, len(keys) + 1))
    ranges = split([*samples, (b"", MEBI * (len(keys) + 1))], wanted)
    assert len(ranges) == wanted
    sizes = [sum(one.start <= key < (one.end or b"\xff" * 9) for key in [b"", *keys]) for one in ranges]
    assert max(sizes) - min(sizes) <= 1


@given(SAMPLES, RANGES)
def test_order_and_repetition_of_samples_do_not_matter(samples: list[Sample], wanted: int) -> None:
    assert split([*samples, *reversed(samples)], wanted) == split(samples, wanted)


@pytest.mark.parametrize("last", [[], [(b"", 4 * MEBI)], [(b"c", 3 * MEBI)], [(b"", 4 * MEBI), (b"", 4 * MEBI)]])
def test_the_last_sample_may_be_empty_missing_or_there_twice(last: list[Sample]) -> None:
    samples = [(b"a", MEBI), (b"b", 2 * MEBI), (b"c", 3 * MEBI), *last]
    assert ends(split(samples, 4)) == [b"a", b"b", b"c"]
    assert ends(split(samples, 2)) == [b"b"]


def test_ends_follow_the_weight_not_the_number_of_samples() -> None:
    samples = [(b"a", 1), (b"b", 2), (b"c", 3), (b"d", 90 * MEBI), (b"", 180 * MEBI)]
    assert ends(split(samples, 2)) == [b"d"]


def test_a_heavy_gap_is_cut_by_keys_between_its_ends() -> None:
    samples = [(b"a", 1), (b"b", 100 * MEBI), (b"", 100 * MEBI + 1)]
    inner = ends(split(samples, 10))
    assert len(inner) == 9
    assert sum(b"a" < key < b"b" for key in inner) >= 8


def test_a_gap_without_a_key_between_its_ends_cannot_be_cut() -> None:
    ranges = split([(b"a", 0), (b"a\x00", 100 * MEBI), (b"", 100 * MEBI)], 50)
    check_tiling(ranges, KeyRange(), "here")
    assert {b"a", b"a\x00"} >= {key for key in ends(ranges) if key.startswith(b"a") and len(key) < 3}


def fraction(key: bytes) -> Fraction:
    """A key as a number below 1: its bytes are digits in base 256."""
    return Fraction(int.from_bytes(key, "big"), 256 ** len(key))


@given(st.binary(max_size=6), st.binary(max_size=6), st.integers(1, 100), st.data())
def test_an_interpolated_key_is_the_exact_fraction_to_eight_digits(
    one: bytes, other: bytes, whole: int, data: st.DataObject
) -> None:
    start, end = sorted([one, other])
    part = data.draw(st.integers(0, whole - 1))
    key = interpolate(start, end, part, whole)
    high = fraction(end) if end else Fraction(1)
    exact = fraction(start) + (high - fraction(start)) * Fraction(part, whole)
    assert start <= key
    assert not end or key <= end
    assert 0 <= exact - fraction(key) < Fraction(1, 256**8)


@given(st.binary(max_size=30), st.binary(max_size=30), st.integers(1, 100))
def test_parts_of_the_way_come_in_their_order(one: bytes, other: bytes, whole: int) -> None:
    start, end = sorted([one, other])
    keys = [interpolate(start, end, part, whole) for part in range(whole)]
    assert keys == sorted(keys)
    assert all(start <= key and (not end or key <= end) for key in keys)


def test_keys_with_a_long_common_prefix_are_cut_behind_it() -> None:
    prefix = b"customer#" * 100
    assert interpolate(prefix + b"a", prefix + b"c", 1, 2) == prefix + b"b"
    assert interpolate(prefix, prefix + b"\x80", 1, 2) == prefix + b"\x40"


@pytest.mark.parametrize(
    ("size", "shard_size", "wanted"),
    [
        (0, 256 * MEBI, 1),
        (SMALL_RANGE - 1, 256 * MEBI, 1),
        (2 * SMALL_RANGE, 256 * MEBI, 2),
        (MANY * SMALL_RANGE, 256 * MEBI, MANY),
        (100 * MANY * SMALL_RANGE, 256 * MEBI, 400),
        (100 * MANY * SMALL_RANGE + 1, 256 * MEBI, 401),
        (10 * MEBI, MEBI, 10),
    ],
)
def test_a_table_has_many_ranges_and_no_shard_above_its_size(size: int, shard_size: int, wanted: int) -> None:
    assert wanted_ranges([(b"a", size // 2), (b"", size)], shard_size) == wanted
    assert wanted_ranges([], shard_size) == 1
