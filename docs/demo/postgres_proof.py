"""The proof that a restored database is the original as of one moment, by PostgreSQL's own programs alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.postgres_server import PostgresServer

_WHOLE = """
SELECT count(*) = 0 FROM batches AS b
FULL JOIN (SELECT batch, count(*) AS flights, sum(distance) AS distance FROM flights GROUP BY batch) AS f USING (batch)
WHERE (b.flights, b.distance) IS DISTINCT FROM (f.flights, f.distance)
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """A database of a server and its copy.

    The writer inserts batches one after the other, and nobody changes or deletes a row: so the original as of the
    moment in which batch N was the last one is its rows of the batches up to N.
    """

    server: PostgresServer
    original: str
    copy: str

    def last_batch(self) -> int:
        """The last batch in the copy."""
        return int(self.server.sql("SELECT max(batch) FROM batches", self.copy))

    def tables(self, batch: int) -> Iterator[tuple[str, int, bool]]:
        """Each table, its rows in the copy, and whether they are the original's rows up to a batch, byte by byte."""
        for table in ("airlines", "airports", "planes", "weather", "batches", "flights"):
            rows = int(self.server.sql(f"SELECT count(*) FROM {table}", self.copy))  # noqa: S608 (names of ours)
            then = f"WHERE batch <= {batch}" if table in ("batches", "flights") else ""
            yield table, rows, self._agree(_rows(table), _rows(table, then))

    def batches_are_whole(self) -> bool:
        """Whether each batch in the copy has all its flights, and each flight its batch."""
        return self.server.sql(_WHOLE, self.copy) == "t"

    def sequence_is_ahead(self) -> bool:
        """Whether no id of the copy is still to be given out."""
        return self.server.sql("SELECT max(id) <= (SELECT last_value FROM flight_ids) FROM flights", self.copy) == "t"

    def views_agree(self, batch: int) -> bool:
        """Whether the view shows in the copy what its query shows in the original up to a batch."""
        query = self.server.sql("SELECT pg_get_viewdef('punctuality')", self.original).rstrip(";")
        then = query.replace("flights f", f"(SELECT * FROM flights WHERE batch <= {batch}) f")  # noqa: S608 (as above)
        order = "ORDER BY name"
        return self._agree(f"SELECT * FROM ({query}) AS now {order}", f"SELECT * FROM ({then}) AS now {order}")  # noqa: S608

    def schemas_agree(self) -> bool:
        """Whether `pg_dump` prints the same statements for both."""
        one, other = (self._schema(database) for database in (self.original, self.copy))
        return one == other

    def _agree(self, in_copy: str, in_original: str) -> bool:
        return self.server.sql(in_copy, self.copy) == self.server.sql(in_original, self.original)

    def _schema(self, database: str) -> list[str]:
        printed = self.server.client("pg_dump", "--schema-only", f"--dbname={database}").stdout
        return [line for line in printed.splitlines() if not line.startswith("\\")]  # a random key, new each time


def _rows(table: str, where: str = "") -> str:
    return f"COPY (SELECT * FROM {table} {where} ORDER BY 1, 2) TO STDOUT"  # noqa: S608 (names of ours)
