"""States of objects that definitions may not show: whether an index is valid, a trigger enabled, and so on.

Only unusual states are listed, so that a database of many tables needs only a few lines. The columns are those of the
catalogs `pg_index`, `pg_constraint`, `pg_class` and `pg_trigger` in PostgreSQL's manual.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

from transforms.postgres.catalog.json_fields import SqlFields
from transforms.postgres.names.identifiers import Name, always_quoted, identifier, quoted
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection, major_of
from transforms.skipped import Skipped

SINCE_ENFORCED = 18
"""The first major version with constraints that are not enforced."""
USUAL = {
    "INDEX": "valid",
    "CONSTRAINT": "validated",
    "DOMAIN CONSTRAINT": "validated",
    "ENFORCEMENT OF CONSTRAINT": "enforced",
    "ROWS": "populated",
    "TRIGGER": "enabled",
    "TRIGGERS OF FOREIGN KEY": "enabled",
    "ACCESS METHOD": "the usual one",
}
"""The usual state of each kind."""
UNUSUAL = {
    "INDEX": ("not valid",),
    "CONSTRAINT": ("not validated",),
    "DOMAIN CONSTRAINT": ("not validated",),
    "ENFORCEMENT OF CONSTRAINT": ("not enforced",),
    "ROWS": ("not populated",),
    "TRIGGER": ("disabled", "for replicas", "always"),
    "TRIGGERS OF FOREIGN KEY": ("disabled",),
}
"""The other states of each kind, except `ACCESS METHOD`, whose state is a name."""
# Users' objects; tables of extensions are created by their scripts. Constraints below those of a partitioned table
# follow them, and the server chooses their names. pg_dump never creates an ordinary index that is not valid.
_STATES = """
    WITH own AS (
        SELECT c.oid, n.nspname::text AS schema, c.relname::text AS relation, c.relkind, c.relispopulated, c.relam
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
            AND NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    ), states (kind, schema, relation, name, state) AS (
        SELECT 'INDEX', own.schema, own.relation, c.relname::text, CASE WHEN i.indisvalid THEN '' ELSE 'not valid' END
        FROM own JOIN pg_catalog.pg_index i ON i.indrelid = own.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        UNION ALL
        SELECT 'CONSTRAINT', own.schema, own.relation, k.conname::text,
            CASE WHEN k.convalidated THEN '' ELSE 'not validated' END
        FROM own JOIN pg_catalog.pg_constraint k ON k.conrelid = own.oid WHERE k.conparentid = 0
        UNION ALL
        SELECT 'DOMAIN CONSTRAINT', n.nspname::text, t.typname::text, k.conname::text,
            CASE WHEN k.convalidated THEN '' ELSE 'not validated' END
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
            JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        {enforced}
        UNION ALL
        SELECT 'ROWS', own.schema, own.relation, '', CASE WHEN own.relispopulated THEN '' ELSE 'not populated' END
        FROM own WHERE own.relkind = 'm'
        UNION ALL
        SELECT 'TRIGGER', own.schema, own.relation, t.tgname::text,
            CASE t.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'for replicas' ELSE 'always' END
        FROM own JOIN pg_catalog.pg_trigger t ON t.tgrelid = own.oid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'TRIGGERS OF FOREIGN KEY', own.schema, own.relation, k.conname::text,
            CASE WHEN pg_catalog.bool_and(t.tgenabled = 'O') THEN '' ELSE 'disabled' END
        FROM own JOIN pg_catalog.pg_trigger t ON t.tgrelid = own.oid
            JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
        WHERE t.tgisinternal AND k.contype = 'f' AND k.conparentid = 0
        GROUP BY own.schema, own.relation, k.conname
        UNION ALL
        SELECT 'ACCESS METHOD', own.schema, own.relation, '',
            CASE WHEN own.relkind = 'p' OR a.amname <> 'heap' THEN COALESCE(a.amname::text, '') ELSE '' END
        FROM own LEFT JOIN pg_catalog.pg_am a ON a.oid = own.relam WHERE own.relkind IN ('r', 'p', 'm')
    )
"""
_ENFORCED = """
        UNION ALL
        SELECT 'ENFORCEMENT OF CONSTRAINT', own.schema, own.relation, k.conname::text,
            CASE WHEN k.conenforced THEN '' ELSE 'not enforced' END
        FROM own JOIN pg_catalog.pg_constraint k ON k.conrelid = own.oid WHERE k.conparentid = 0
"""
_UNUSUAL_ONES = "SELECT kind, schema, relation, name, state FROM states WHERE state <> ''"
_OF_THESE = """
    SELECT s.kind, s.schema, s.relation, s.name, s.state
    FROM states s JOIN ROWS FROM (
        pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]),
        pg_catalog.unnest(%s::text[])) w(kind, schema, relation, name)
        ON (s.kind, s.schema, s.relation, s.name) = (w.kind, w.schema, w.relation, w.name)
"""


@dataclass(frozen=True, order=True, slots=True)
class ObjectState:
    """A state of an object; an inventory has only states that are unusual for their kind.

    Attributes:
        kind: A key of `USUAL`.
        schema: Of the table, materialized view or domain.
        relation: Its name.
        name: The name of its index, constraint or trigger; empty for its own state.
        state: `not valid`, `not validated`, `not enforced`, `not populated`, `disabled`, `for replicas`, `always`, or
            the name of an access method; empty for the usual one.
    """

    kind: str
    schema: str
    relation: str
    name: str
    state: str

    @property
    def of(self) -> Name:
        """The table, materialized view or domain."""
        return Name(self.schema, self.relation)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Kind and names of the object."""
        return (self.kind, self.schema, self.relation, self.name)

    @property
    def words(self) -> str:
        """The state for people."""
        return self.state or USUAL[self.kind]

    def __str__(self) -> str:
        """The object, for people."""
        return f"{self.kind} {quoted(self.name)} of {self.of}" if self.name else f"{self.kind} of {self.of}"

    def to_json(self) -> list[str]:
        """As a JSON object."""
        return list(astuple(self))

    @classmethod
    def from_json(cls, data: Any) -> "ObjectState":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "a state", [field.name for field in dataclass_fields(cls)])
        kind = fields.word("kind", tuple(USUAL))
        state = fields.word("state", UNUSUAL[kind]) if kind in UNUSUAL else fields.name("state")
        return cls(kind, fields.name("schema"), fields.name("relation"), fields.text("name"), state)


def list_states(connection: Connection) -> tuple[ObjectState, ...]:
    """The unusual states of users' objects in a database, sorted."""
    return _asked(connection, _UNUSUAL_ONES, ())


def differing(
    connection: Connection, source: Iterable[ObjectState], made: Collection[Name], unfilled: Collection[Name] = ()
) -> list[Skipped]:
    """Existing objects whose state differs from the source's, each with the SQL that corrects it, if any.

    Args:
        connection: To the target, after everything is created, under the names of the source.
        source: The unusual states in the source.
        made: The tables, materialized views and domains that the restore has created.
        unfilled: Materialized views that are known to be not populated.
    """
    wanted = {each.key: each for each in source if each.of in made}
    found = {each.key: each for each in list_states(connection) if each.of in made}
    rest = [list(column) for column in zip(*sorted(wanted.keys() - found.keys()), strict=True)]
    found |= {each.key: each for each in (_asked(connection, _OF_THESE, rest) if rest else ())}
    pairs = [(wanted.get(key) or ObjectState(*key, ""), here) for key, here in sorted(found.items())]
    known = {("ROWS", name.schema, name.name, "") for name in unfilled}
    return [_difference(there, here) for there, here in pairs if there != here and here.key not in known]


def _asked(connection: Connection, query: str, arguments: Sequence[Sequence[str]]) -> tuple[ObjectState, ...]:
    enforced = _ENFORCED if major_of(connection) >= SINCE_ENFORCED else ""
    with translated("reading the states of indexes, constraints and triggers"):
        rows = connection.execute(_STATES.replace("{enforced}", enforced).encode() + query.encode(), arguments)
        return tuple(sorted(ObjectState(*row) for row in rows))


def _difference(there: ObjectState, here: ObjectState) -> Skipped:
    return Skipped(str(here), f"{here.words} here, {there.words} in the source", _mending(there))


def _mending(wanted: ObjectState) -> str:
    table = identifier(wanted.schema, wanted.relation).text
    if wanted.kind == "CONSTRAINT" and not wanted.state:
        return f"ALTER TABLE {table} VALIDATE CONSTRAINT {always_quoted(wanted.name)};"
    if wanted.kind == "ROWS":
        return f"REFRESH MATERIALIZED VIEW {table}{' WITH NO DATA' if wanted.state else ''};"
    if wanted.kind == "TRIGGER":
        how = {"": "ENABLE", "disabled": "DISABLE", "for replicas": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}
        return f"ALTER TABLE {table} {how[wanted.state]} TRIGGER {always_quoted(wanted.name)};"
    if wanted.kind == "ACCESS METHOD" and wanted.state:
        return f"ALTER TABLE {table} SET ACCESS METHOD {always_quoted(wanted.state)};"
    return ""
