"""The search path under which the server can plan a read of a table.

To plan a query, the server looks at the table's indexes and statistics, and inlines the bodies of SQL functions in
their expressions. A body may call others by unqualified names; our sessions have an empty search path, in which these
are not found. Such a table is planned under a path that has them, and its rows are read under the empty path: texts
such as those of `regclass` depend on it. pg_dump needs no such plans, since it has neither ranges nor conditions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import psycopg
from psycopg import sql

from transforms.errors import RefusedError, UnreachableError
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.names.identifiers import Bytes, always_quoted, name_list
from transforms.postgres.server.errors import meaning, said
from transforms.postgres.server.session import Connection

Path = tuple[str, ...]

# A subquery without columns of the table is computed once, before its first row.
LEAVE = sql.SQL("(SELECT pg_catalog.set_config('search_path', '', true)) IS NOT NULL")
# Tables with expressions or predicates of indexes, or statistics, that call what is not the server's own.
_CALLERS = """
    SELECT i.indrelid
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_depend d ON d.objid = i.indexrelid
    WHERE i.indrelid = ANY(%(oids)s) AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
        AND d.classid = 'pg_catalog.pg_class'::regclass
        AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
    UNION
    SELECT s.stxrelid
    FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_depend d ON d.objid = s.oid
    WHERE s.stxrelid = ANY(%(oids)s) AND d.classid = 'pg_catalog.pg_statistic_ext'::regclass
        AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
"""
# What the role's and the database's settings say, whatever the session has set.
_RESET = """
    SELECT pg_catalog.set_config('search_path', reset_val, true)
    FROM pg_catalog.pg_settings WHERE name = 'search_path'
"""
_CURRENT = "SELECT s::text FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) s WHERE s <> 'pg_catalog'"
# The table's own schema and others of people that it trusts anyway: its owner, the database's owner, superusers. A
# function of somebody else's, put in place here, could run with the rights of who reads.
_TRUSTED = """
    SELECT c.oid, n.nspname::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace OR n.nspowner = c.relowner
        OR n.nspowner IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper)
        OR n.nspowner = (SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    WHERE c.oid = ANY(%(oids)s) AND n.nspname <> 'information_schema'
        AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_')
    ORDER BY 1, n.oid <> c.relnamespace, 2
"""


def find(connection: Connection, relations: Iterable[Relation]) -> list[Relation]:
    """The tables, each with the search path under which the server can plan reads of it: for nearly all, the empty one.

    The path of the role and the database is tried, then one with all schemas of trusted owners. Neither need be that
    under which the index was created, and a wrong function could hide rows: so such a table has no key here,
    and is read without its indexes.

    Args:
        connection: A session that has planned nothing under another path: the server caches what it found.
        relations: The tables.

    Raises:
        RefusedError: if a function that is called is found under none of them.
    """
    every = list(relations)
    failing = _failing(connection, _callers(connection, every), {})
    if not failing:
        return every
    own, wide = _own(connection), _wide(connection, failing)
    unsettled = _failing(connection, failing, {each.oid: own for each in failing})
    paths = {each.oid: (*own, *(name for name in wide[each.oid] if name not in own)) for each in unsettled}
    _require_planned(connection, unsettled, paths)
    found = {each.oid: replace(each, search_path=paths.get(each.oid, own), key=None) for each in failing}
    return [found.get(each.oid, each) for each in every]


def enter(connection: Connection, relation: Relation) -> None:
    """Set the path of a table until the transaction ends, or a query with `LEAVE` begins to run."""
    if relation.search_path:
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (setting(relation.search_path),))


def setting(path: Path) -> str:
    """The value of `search_path`."""
    return ", ".join(map(always_quoted, path))


def _callers(connection: Connection, relations: Sequence[Relation]) -> list[Relation]:
    rows = connection.execute(_CALLERS, {"oids": [relation.oid for relation in relations]})
    oids = {row[0] for row in rows}
    return [relation for relation in relations if relation.oid in oids]


def _own(connection: Connection) -> Path:
    with connection.transaction(force_rollback=True):
        connection.execute(_RESET)
        return tuple(row[0] for row in connection.execute(_CURRENT))


def _wide(connection: Connection, relations: Sequence[Relation]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for oid, name in connection.execute(_TRUSTED, {"oids": [relation.oid for relation in relations]}):
        names.setdefault(oid, []).append(name)
    return names


def _failing(connection: Connection, relations: Sequence[Relation], paths: Mapping[int, Path]) -> list[Relation]:
    """The tables that cannot be planned; many are tried at once, and halved until the failing ones are alone."""
    if not relations or _error(connection, relations, paths) is None:
        return []
    if len(relations) == 1:
        return list(relations)
    middle = len(relations) // 2
    return [each for half in (relations[:middle], relations[middle:]) for each in _failing(connection, half, paths)]


def _error(connection: Connection, relations: Sequence[Relation], paths: Mapping[int, Path]) -> psycopg.Error | None:
    """The server's error for a plan for one of them."""
    trials = [_trial(relation, paths.get(relation.oid, ())) for relation in relations]
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("; ").join(trials).as_bytes(None))
    except psycopg.Error as error:
        if meaning(error.sqlstate)[0] is UnreachableError:
            raise
        return error
    return None


def _trial(relation: Relation, path: Path) -> sql.Composed:
    """No row is read."""
    change = Bytes(f"SET LOCAL search_path = {setting(path) or always_quoted('')}")
    return sql.SQL("{}; SELECT FROM ONLY {} LIMIT 0").format(change, relation.name.sql())


def _require_planned(connection: Connection, relations: Sequence[Relation], paths: Mapping[int, Path]) -> None:
    for relation in _failing(connection, relations, paths):
        error = _error(connection, [relation], paths)
        words = said(error) if error else "it depends on the search path."
        raise RefusedError(
            f"{relation.name}: a function in its indexes or statistics calls what is found in none of"
            f" {name_list(paths[relation.oid])}: {words} Pin its path: ALTER FUNCTION ... SET search_path = ..."
        )
