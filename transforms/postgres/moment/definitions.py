"""Definitions that reading depends on and table locks do not protect: names of schemas and types, labels, attributes.

A session sees their current state, whatever its snapshot. If a label of an enum is renamed in the
middle of a backup, earlier rows have the old name and later ones the new, and the archive knows only one of them.
"""

from collections.abc import Mapping

from transforms.errors import RefusedError
from transforms.postgres.names.identifiers import name_list
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

Definitions = Mapping[tuple[str, int], tuple[str, str]]
"""By kind and oid: the name for people, and what must not change."""
_THING = {"schema": "schema", "type": "type", "label": "type", "attributes": "type"}

# Row types of tables are in it if a column somewhere is of such a type. The text of a row has its attributes in their
# order, without those that are dropped (record_out in rowtypes.c).
_QUERY = b"""
    WITH
        own AS (
            SELECT n.oid, n.nspname::text AS name FROM pg_catalog.pg_namespace n
            WHERE NOT pg_catalog.starts_with(n.nspname::text, 'pg_')),
        used AS (
            SELECT DISTINCT u.oid
            FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_type t ON t.oid = a.atttypid,
                LATERAL (VALUES (t.oid), (t.typelem), (t.typbasetype)) u(oid)
            WHERE a.attnum > 0 AND NOT a.attisdropped AND u.oid >= 16384)
    SELECT 'schema', own.oid::int8, own.name, own.name FROM own
    UNION ALL
    SELECT 'type', t.oid::int8, t.typname::text, t.typnamespace || ' ' || t.typname
    FROM pg_catalog.pg_type t JOIN own ON own.oid = t.typnamespace
    WHERE t.typtype <> 'c' AND t.typelem = 0 OR t.oid IN (SELECT used.oid FROM used)
    UNION ALL
    SELECT 'label', e.oid::int8, t.typname::text, e.enumlabel::text
    FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid
    UNION ALL
    SELECT 'attributes', c.oid::int8, c.relname::text,
        pg_catalog.string_agg(a.attnum || ' ' || a.atttypid || ' ' || a.atttypmod, ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_class c
        JOIN own ON own.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.reltype IN (SELECT used.oid FROM used) OR c.relkind = 'c'
    GROUP BY c.oid, c.relname
"""


def read_definitions(connection: Connection) -> Definitions:
    """The definitions as the connection's transaction sees them; outside of a transaction, the current ones."""
    with translated("reading names of schemas and definitions of types"):
        rows = connection.execute(_QUERY).fetchall()
    return {(kind, oid): (name, definition) for kind, oid, name, definition in rows}


def check_kept(then: Definitions, now: Definitions) -> None:
    """Check that the definitions of the backup's moment have not changed.

    New and dropped definitions do not matter: no locked table can use them.

    Raises:
        RefusedError: with the schemas and types that were changed.
    """
    both = then.keys() & now.keys()
    changed = {f"{_THING[key[0]]} {then[key][0]}" for key in both if then[key][1] != now[key][1]}
    if changed:
        raise RefusedError(
            f"Renamed or changed while the backup ran: {name_list(sorted(changed))}. Rows and names that were read"
            " before and after do not fit together. Run again when such changes have ended."
        )
