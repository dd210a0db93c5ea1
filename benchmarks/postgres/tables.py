"""The measured tables, which the server generates from numbers: the same values each time."""

from benchmarks.postgres.server import Server

_COLUMNS = {
    "id": ("bigint NOT NULL", "i"),
    "number": ("integer", "(i::bigint * 2654435761 % 2147483647)::integer"),
    "small": ("smallint", "CASE WHEN i % 10 > 0 THEN i % 32768 END"),
    "ratio": ("double precision", "sqrt(i)"),
    "amount": ("numeric(12, 2)", "(i % 1000000) * 1.37"),
    "flag": ("boolean", "i % 3 = 0"),
    "at": ("timestamptz", "'2020-01-01 00:00:00+00'::timestamptz + i * interval '1.000001 s'"),
    "day": ("date", "'2020-01-01'::date + i % 2000"),
    "name": ("text", "'customer number ' || i"),
    "note": ("text", "CASE WHEN i % 2 = 0 THEN md5(i::text) END"),
    "code": ("uuid NOT NULL", "md5(i::text || 'x')::uuid"),
}
KEYS = {"mixed": "id", "uuid_keyed": "code"}
"""Each table's key: one in the order of the rows on disk, and one in random order."""

COLUMNS = ", ".join(_COLUMNS)
_AT_ONCE = 1_000_000


def create(table: str) -> str:
    """The statement that creates a table, without its key."""
    return f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, (kind, _) in _COLUMNS.items())})"


def add_key(table: str) -> str:
    """The statement that adds its key."""
    return f"ALTER TABLE {table} ADD PRIMARY KEY ({KEYS[table]})"


def make(server: Server, table: str, rows: int) -> str:
    """Make a database with one table of `rows` rows; returns the database's name."""
    database = f"bench_{table}_{rows}"
    server.sql(f"CREATE DATABASE {database}")
    server.sql(create(table), database)
    values = ", ".join(value for _, value in _COLUMNS.values())
    for start in range(1, rows + 1, _AT_ONCE):
        numbers = f"generate_series({start}, {min(start + _AT_ONCE - 1, rows)})"
        server.sql(f"INSERT INTO {table} SELECT {values} FROM {numbers} AS i", database)  # noqa: S608 (all of it ours)
    server.sql(add_key(table), database)
    # Otherwise the first reader would do work that the writer left.
    server.sql("VACUUM (FREEZE, ANALYZE)", database)
    server.sql("CHECKPOINT", database)
    return database
