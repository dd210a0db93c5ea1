"""A full picture of a database, as lines: every row of every catalog, pg_dump's output, values of sequences.

Two pictures are compared to see that what was there is there as it was, whatever came to it.
"""

import json
from collections import Counter

import psycopg

from tests.servers.postgres_server import PostgresServer

# Statistics of rows are the server's own affair, and pg_dump's are compared by rows.
_CATALOGS = """
    SELECT relname FROM pg_catalog.pg_class
    WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND relname NOT IN ('pg_statistic', 'pg_authid')
"""
# What the server changes by itself: ages; for catalogs, which autovacuum visits, their sizes. A foreign key of another
# table's makes `relhastriggers` true, its triggers are rows of their own.
_ROWS = """
    SELECT (to_jsonb(c) - '{{relfrozenxid,relminmxid,datfrozenxid,datminmxid,relhastriggers}}'::text[]
        - CASE WHEN {is_own} THEN '{{relpages,reltuples,relallvisible,relallfrozen}}'::text[] ELSE '{{}}' END)::text
    FROM pg_catalog.{catalog} c
"""
# Privileges that nobody changed are none: they mean the same as those that they stand for.
_LISTS = """
    SELECT 'acl of schema ' || nspname, COALESCE(nspacl, acldefault('n', nspowner))::text FROM pg_namespace
    UNION ALL SELECT 'acl of database', COALESCE(datacl, acldefault('d', datdba))::text
    FROM pg_database WHERE datname = current_database()
"""
_SETTINGS = "SELECT name || '=' || setting FROM pg_settings WHERE source LIKE 'database%'"
_SEQUENCES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'"

Picture = Counter[str]


def picture(server: PostgresServer, database: str) -> Picture:
    """All that can be seen of a database by a superuser; of a line that is there twice, two."""
    lines = Counter[str]()
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        for (catalog,) in connection.execute(_CATALOGS).fetchall():
            lines.update(f"{catalog} {_without_lists(row)}" for row in _rows(connection, catalog))
        lines.update(" ".join(row) for row in connection.execute(_LISTS))
        lines.update(f"setting {row[0]}" for row in connection.execute(_SETTINGS))
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            lines[f"value {name} {connection.execute(f'SELECT * FROM {name}').fetchone()}"] += 1
    lines.update(f"pg_dump {line}" for line in server.client("pg_dump", "-d", database).stdout.splitlines())
    return lines


def _rows(connection: "psycopg.Connection[tuple[str, ...]]", catalog: str) -> list[str]:
    is_own = "c.oid < 16384" if catalog == "pg_class" else "false"
    query = _ROWS.format(catalog=catalog, is_own=is_own)
    return [row[0] for row in connection.execute(query.encode())]


def _without_lists(row: str) -> str:
    """The row without the privileges that `_LISTS` has."""
    fields = json.loads(row)
    return json.dumps({key: value for key, value in fields.items() if key not in ("nspacl", "datacl")}, sort_keys=True)


def lost(before: Picture, after: Picture) -> list[str]:
    """What of a picture is missing in, or changed in, a later one; pg_dump's random words do not count."""
    return [line for line in before - after if not line.startswith(("pg_dump \\restrict", "pg_dump \\unrestrict"))]
