"""Facts about a session's server and database for the manifest, with the position of the write-ahead log."""

from typing import Any

from psycopg.rows import dict_row

from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

# A 64-bit number is a text, for JSON readers that have only doubles.
_SERVER = """
SELECT pg_catalog.current_setting('server_version') AS server_version,
       pg_catalog.current_setting('server_version_num')::int AS server_version_num,
       pg_catalog.current_setting('server_encoding') AS server_encoding,
       (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system_identifier,
       (SELECT oid::int8 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS database_oid
"""
_POSITION = """
SELECT pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END::text AS wal_lsn,
       (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()) AS timeline
"""


def server_facts(connection: Connection) -> dict[str, Any]:
    """Version, encoding, the cluster's system identifier and the database's oid: the source's physical identity."""
    return _row(connection, _SERVER, "Asking which server this is")


def position(connection: Connection) -> dict[str, Any]:
    """The server's clock (UTC, ISO 8601) and WAL position (replayed, on a standby), with the last timeline checked."""
    return _row(connection, _POSITION, "Asking for the position in the server's log")


def _row(connection: Connection, query: str, doing: str) -> dict[str, Any]:
    with translated(doing), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchone() or {}
