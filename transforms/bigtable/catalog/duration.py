"""Durations of the API as whole microseconds, Bigtable's resolution."""

from google.protobuf.duration_pb2 import Duration

SECOND = 1_000_000


def to_micros(duration: Duration) -> int:
    """Microseconds of a `google.protobuf.Duration`, rounded down, as the API does."""
    return duration.seconds * SECOND + duration.nanos // 1_000


def from_micros(micros: int) -> Duration:
    """The `google.protobuf.Duration` of `micros` microseconds, at least 0."""
    return Duration(seconds=micros // SECOND, nanos=micros % SECOND * 1_000)
