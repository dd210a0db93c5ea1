from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.command.print.durations import human_age, human_duration, parse_duration
from transforms.errors import UsageError


@given(st.integers(1, 99_999), st.sampled_from("smhd"))
def test_a_duration_is_a_number_of_one_unit(count: int, unit: str) -> None:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    assert parse_duration(f"{count}{unit}", "--age") == timedelta(seconds=count * units[unit])


@pytest.mark.parametrize("text", ["", "0s", "5", "h", "1.5h", "-1h", "5 h", "100000s", "5w", "\u0665s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--age: .* is no duration"):
        parse_duration(text, "--age")


@pytest.mark.parametrize(
    ("seconds", "age", "duration"),
    [
        (0.9, "0s", "0s"),
        (59, "59s", "59s"),
        (192, "3m", "3m12s"),
        (3_900, "1h", "1h05m"),
        (47 * 3600, "47h", "1d23h"),
        (48 * 3600, "2d", "2d00h"),
        (1_000 * 86_400, "1,000d", "1,000d00h"),
    ],
)
def test_times_are_rounded_down_to_few_units(seconds: float, age: str, duration: str) -> None:
    assert (human_age(seconds), human_duration(seconds)) == (age, duration)
