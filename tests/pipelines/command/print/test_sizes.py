"""Sizes are read exactly and written so that people can compare them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.sizes import human_bytes, human_count, human_rate, parse_count, parse_size
from transforms.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("65536", 65536),
        ("7B", 7),
        ("64KiB", 65536),
        ("1MiB", 1048576),
        ("256 mib", 268435456),
        ("1GiB", 1073741824),
        ("1.5GiB", 1610612736),
        ("0.0015KiB", 1),
        ("1MB", 1000000),
        ("2TB", 2000000000000),
    ],
)
def test_a_size_is_read_to_the_byte(text: str, size: int) -> None:
    assert parse_size(text, "--chunk_size") == size


@pytest.mark.parametrize(
    "text", ["", "0", "0MiB", "-1MiB", "1M", "1.MiB", "MiB", "1 000", "1e6", "1MiB ", "0.9B", "\u0661MiB"]
)
def test_what_is_no_size_is_refused_and_the_option_named(text: str) -> None:
    with pytest.raises(UsageError, match="--shard_size: "):
        parse_size(text, "--shard_size")


@given(st.integers(1, 10**9), st.sampled_from([("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40)]))
def test_whole_numbers_of_units_are_exact(number: int, unit: tuple[str, int]) -> None:
    assert parse_size(f"{number}{unit[0]}", "--x") == number * unit[1]


@given(st.integers(1, 2**60))
def test_a_written_size_is_within_rounding_of_what_it_says(size: int) -> None:
    assert parse_size(human_bytes(size).replace(",", ""), "--x") == pytest.approx(size, rel=0.06)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (17, "17 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (10 * 1024, "10 KiB"),
        (1288490188, "1.2 GiB"),
        (240 * 2**20, "240 MiB"),
        (2**30 - 1, "1.0 GiB"),
        (2**62, "4,096 PiB"),
    ],
)
def test_bytes_are_written_in_iec_units(size: int, text: str) -> None:
    assert human_bytes(size) == text


def test_counts_and_rates_are_written_for_people() -> None:
    assert human_count(1234567) == "1,234,567"
    assert human_rate(240 * 2**20 * 3, 3.0) == "240 MiB/s"
    assert human_rate(5, 0) == "-"


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "1_000"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--ranges"):
        parse_count(text, "--ranges")


def test_a_count_is_read() -> None:
    assert parse_count("97", "--ranges") == 97
