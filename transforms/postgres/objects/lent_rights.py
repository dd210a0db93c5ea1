"""Rights that are granted to roles for a moment, in the transaction that ends a restore, and revoked again.

A role is granted only what it does not have in any way, so nobody else has granted it: after the REVOKE, the list of
privileges is as before, with grant options and grants by others. Where there was no list, the server has written out
the default privileges, which means the same.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from transforms.errors import RefusedError
from transforms.postgres.names.identifiers import always_quoted, literal
from transforms.postgres.objects.step import Step, encoded
from transforms.postgres.objects.step_runner import StepRunner
from transforms.postgres.server.session import Connection

# What a role lacks of USAGE and CREATE; no row without schema and role.
_LACKING_IN_SCHEMA = """
    SELECT p.word FROM pg_catalog.pg_namespace n, pg_catalog.pg_roles r, (VALUES ('USAGE'), ('CREATE')) p(word)
    WHERE n.nspname = {schema} AND r.rolname = {role} AND NOT pg_catalog.has_schema_privilege(r.oid, n.oid, p.word)
"""
_LACKING_IN_DATABASE = """
    SELECT 'CREATE' FROM pg_catalog.pg_roles r WHERE r.rolname = {role}
        AND NOT pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE')
"""
# The entries of each list of privileges, sorted; the default ones where there is no list.
_LISTS = """
    SELECT n.nspname, pg_catalog.array_agg(x::pg_catalog.text ORDER BY x::pg_catalog.text)
    FROM pg_catalog.pg_namespace n,
        pg_catalog.unnest(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) x GROUP BY 1
    UNION ALL SELECT '', pg_catalog.array_agg(x::pg_catalog.text ORDER BY x::pg_catalog.text)
    FROM pg_catalog.pg_database d,
        pg_catalog.unnest(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) x
    WHERE d.datname = pg_catalog.current_database() GROUP BY 1
"""


@contextmanager
def lent_rights(runner: StepRunner, visitors: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Let roles create in schemas and use them, while the block runs.

    Args:
        runner: Runs the steps, in a transaction.
        visitors: Schema and role; an empty schema means the database.

    Raises:
        RefusedError: if the privileges afterwards are not those from before.
    """
    lacking = list(_lacking(runner.connection, visitors))
    loans = [_loan(runner.connection, *visitor, words) for visitor, words in lacking]
    schemas = {schema for (schema, _), _ in lacking}
    before = _lists(runner.connection, schemas)
    runner.run(lend for lend, _ in loans)
    yield
    runner.run(back for _, back in loans)
    if _lists(runner.connection, schemas) != before:
        raise RefusedError(
            f"{', '.join(filter(None, sorted(schemas)))}: the privileges there could not be left as they were, so"
            " nothing was changed. Restore as a superuser, or without owners and privileges: --owner=none --acl=none."
        )


def _lacking(
    connection: Connection, visitors: Iterable[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for schema, role in visitors:
        query = (_LACKING_IN_SCHEMA if schema else _LACKING_IN_DATABASE).format(
            role=literal(role).text, schema=literal(schema).text
        )
        if words := [row[0] for row in connection.execute(encoded(query))]:
            yield (schema, role), words


def _loan(connection: Connection, schema: str, role: str, words: list[str]) -> tuple[Step, Step]:
    database = connection.info.dbname
    where = f"SCHEMA {always_quoted(schema)}" if schema else f"DATABASE {always_quoted(database)}"
    title, rights = f"role {role} in {where}", ", ".join(words)
    lend = Step(f"lend {title}", title, encoded(f"GRANT {rights} ON {where} TO {always_quoted(role)}"))
    back = encoded(f"REVOKE {rights} ON {where} FROM {always_quoted(role)}")
    return lend, Step(f"back {title}", title, back, (lend.name,))


def _lists(connection: Connection, schemas: Collection[str]) -> dict[str, list[str]]:
    """The lists of privileges by schema; an empty name means the database."""
    rows = connection.execute(_LISTS.encode()) if schemas else ()
    return {schema: entries for schema, entries in rows if schema in schemas}
