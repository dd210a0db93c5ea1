"""Why a restore into a database must be refused, checked before anything is written."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from transforms.errors import RefusedError
from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import name_list
from transforms.postgres.objects import ledger
from transforms.postgres.restore.tablespaces import missing_tablespaces
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.facts import server_facts
from transforms.postgres.server.session import Connection

# Users' objects have this oid or a higher one (FirstNormalObjectId of access/transam.h).
FIRST_USER_OID = 16384
MOST_NAMES = 10
# Catalogs whose objects make a database count as not empty. Indexes, row types and so on come with their tables.
_CATALOGS = (
    ("pg_namespace", "o.oid NOT IN (SELECT extnamespace FROM pg_catalog.pg_extension)"
                     " AND nspname !~ '^pg_(toast_)?temp_'"),
    ("pg_class", "relkind IN ('r', 'v', 'm', 'S', 'f', 'p') AND relpersistence <> 't'"),
    ("pg_proc", ""),
    ("pg_type", "(typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c"
                " WHERE c.oid = typrelid AND c.relkind = 'c'))"),
    ("pg_operator", ""),
    ("pg_collation", ""),
    ("pg_ts_config", ""),
    ("pg_foreign_server", ""),
    ("pg_publication", ""),
)  # fmt: skip
_OBJECTS = """
    SELECT pg_catalog.pg_describe_object('pg_catalog.{catalog}'::pg_catalog.regclass, o.oid, 0)
    FROM pg_catalog.{catalog} o WHERE o.oid >= {first} AND {condition} AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass
            AND d.objid = o.oid AND d.deptype IN ('e', 'i'))
"""
_LARGE_OBJECTS = "SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata"
_RIGHTS = """
    SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER),
        pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), CURRENT_USER::pg_catalog.text
"""


def restorer(connection: Connection) -> tuple[str, bool]:
    """The name of the restoring role, and whether it is a superuser."""
    row = connection.execute(_RIGHTS).fetchone()
    return ("", False) if row is None else (row[2], bool(row[0]))


def require_writable(
    connection: Connection, database: Database, source: Mapping[str, Any], must_be_empty: bool
) -> None:
    """Check that a database can be restored into.

    Args:
        connection: A connection to it.
        database: The database.
        source: The `server_facts` of the database that was backed up.
        must_be_empty: Whether the whole backup is restored, not selected tables.

    Raises:
        RefusedError: with all reasons why it cannot.
    """
    with translated(f"{database}: looking at the database to restore into"):
        found = list(_problems(connection, database, source, must_be_empty))
    if found:
        raise RefusedError("\n".join(["Nothing was written:", *found]))


def require_tablespaces(connection: Connection, database: Database, entries: Iterable[Entry]) -> None:
    """Check that the server has the tablespaces of what is restored.

    Raises:
        RefusedError: naming those that are missing.
    """
    with translated(f"{database}: listing the tablespaces"):
        found = list(missing_tablespaces(connection, entries))
    if found:
        raise RefusedError("\n".join(["Nothing was written:", *found]))


def _problems(
    connection: Connection, database: Database, source: Mapping[str, Any], must_be_empty: bool
) -> Iterator[str]:
    held, facts = ledger.find(connection), server_facts(connection)
    if held is not None:
        yield ledger.unfinished(database, held)
    elif must_be_empty and _is_same(facts, source):
        yield (
            f"{database} is the database that was backed up. Restore into another one (--create_database makes it), or"
            " restore lost tables with --table, or copies of them with --table=S.T:NEW.T or --schema=S:NEW."
        )
    elif must_be_empty and (objects := list(list_objects(connection))):
        yield (
            f"{database} is not empty: it has {name_list(objects, MOST_NAMES)}. Restore into an empty one"
            " (--create_database makes it), or choose tables with --table."
        )
    if facts["server_encoding"] != source.get("server_encoding", facts["server_encoding"]):
        yield (
            f"{database} has the encoding {facts['server_encoding']}, the backup {source['server_encoding']}: texts"
            " would change. Make one with that encoding; --create_database does."
        )
    yield from _missing_rights(connection, database)


def _is_same(facts: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    keys = ("system_identifier", "database_oid")
    return all(key in source and facts[key] == source[key] for key in keys)


def _missing_rights(connection: Connection, database: Database) -> Iterator[str]:
    row = connection.execute(_RIGHTS).fetchone()
    if row is not None and not row[1]:
        yield f"{database}: {row[2]} may not create schemas in it: GRANT CREATE ON DATABASE, or own the database."


def list_objects(connection: Connection) -> Iterator[str]:
    """The objects that users have made in a database, without those of extensions, for people."""
    parts = [
        _OBJECTS.format(catalog=catalog, condition=condition or "true", first=FIRST_USER_OID)
        for catalog, condition in _CATALOGS
    ]
    query = " UNION ALL ".join([*parts, _LARGE_OBJECTS])
    return (row[0] for row in connection.execute(f"{query} ORDER BY 1".encode()))
