"""Materialized views: not copied but refreshed, each after those that it reads."""

from collections.abc import Iterable, Mapping

from transforms.postgres.names.identifiers import Name
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

# Views of every kind, without those of extensions.
_VIEWS = """
    SELECT c.oid, n.nspname, c.relname, c.relkind = 'm' AND c.relispopulated
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
"""
# A view's query is a rule, and that depends on what the query reads.
_READS = """
    SELECT DISTINCT r.ev_class, d.refobjid
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid = r.oid
        JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND c.relkind IN ('v', 'm') AND d.refobjid <> r.ev_class
"""


def list_populated(connection: Connection) -> tuple[Name, ...]:
    """The populated materialized views, each after those that it reads, directly or through views.

    Neither the server nor pg_dump knows what a view reads through functions.
    """
    with translated("listing the materialized views"):
        rows = connection.execute(_VIEWS).fetchall()
        reads = connection.execute(_READS).fetchall()
    names = {oid: Name(schema, name) for oid, schema, name, _ in rows}
    populated = {oid for oid, *_, populated in rows if populated}
    return tuple(names[oid] for oid in _in_order(names, reads) if oid in populated)


def _in_order(names: Mapping[int, Name], reads: Iterable[tuple[int, int]]) -> Iterable[int]:
    """Oids in the order of dependencies, otherwise by name, so that the order is always the same."""
    graph: dict[Name, set[Name]] = {name: set() for name in names.values()}
    for reader, read in reads:
        if reader in names and read in names:
            graph[names[reader]].add(names[read])
    oids = {name: oid for oid, name in names.items()}
    return [oids[name] for name in _stable_order(graph)]


def _stable_order(graph: Mapping[Name, set[Name]]) -> list[Name]:
    rest, order = dict(graph), list[Name]()
    while rest:
        # A view that was replaced may read a materialized view that reads it: then one of the circle goes first.
        ready = sorted(name for name in rest if not graph[name] & rest.keys()) or [min(rest)]
        order += ready
        for name in ready:
            del rest[name]
    return order
