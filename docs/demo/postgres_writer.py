"""Somebody who goes on working while the database is backed up."""

import itertools
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType

import psycopg

from docs.demo.postgres_tables import COLUMNS, Row

_AT_ONCE = 50
_PAUSE = 0.01  # seconds
_PLACES = ", ".join(["%s"] * len(COLUMNS["flights"].split(", ")))
_INSERT = f"INSERT INTO flights ({COLUMNS['flights']}) VALUES ({_PLACES})"  # noqa: S608 (both are ours)


class FlightWriter:
    """Inserts flights while a `with` block runs: each batch and its line in `batches` in one transaction.

    The block begins when the first batch is committed.

    Attributes:
        committed: The number of the last batch that is committed.
    """

    def __init__(self, url: str, flights: Iterable[Row]) -> None:
        """Make a writer for a database.

        Args:
            url: The database.
            flights: Rows without their batch.
        """
        self.committed = 0
        self._url = url
        self._flights = iter(flights)
        self._begun, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "FlightWriter":
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _write(self) -> None:
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                for batch, flights in enumerate(self._batches(), start=1):
                    _insert(connection, batch, flights)
                    self.committed = batch
                    self._begun.set()
        finally:
            self._begun.set()

    def _batches(self) -> Iterator[list[Row]]:
        while not self._stopped.wait(_PAUSE):
            if not (flights := list(itertools.islice(self._flights, _AT_ONCE))):
                return
            yield flights


def _insert(connection: "psycopg.Connection[Row]", batch: int, flights: list[Row]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        line = (batch, len(flights), sum(flight[-1] for flight in flights))
        cursor.execute("INSERT INTO batches VALUES (%s, %s, %s)", line)
        cursor.executemany(_INSERT, [(batch, *flight) for flight in flights])
