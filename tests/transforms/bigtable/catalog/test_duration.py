from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from transforms.bigtable.catalog.duration import from_micros, to_micros


@given(st.integers(0, 315_576_000_000_000_000))
def test_microseconds_are_those_of_protobuf(micros: int) -> None:
    expected = Duration()
    expected.FromMicroseconds(micros)
    assert from_micros(micros) == expected
    assert to_micros(expected) == micros


def test_what_is_finer_is_rounded_down() -> None:
    assert to_micros(Duration(seconds=1, nanos=1_999)) == 1_000_001
