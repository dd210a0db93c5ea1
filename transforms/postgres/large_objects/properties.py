"""Owners, privileges and comments of large objects, which schema-only archives do not contain.

Consecutive objects with equal properties are one span, so that this is small however many there are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from psycopg import sql

from transforms.postgres.catalog.json_fields import OID, SqlFields
from transforms.postgres.catalog.privilege import (
    EXPLODED,
    Privilege,
    Privileges,
    grant_statements,
    privileges_from_json,
    privileges_json,
)
from transforms.postgres.names.identifiers import identifier, literal
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

# Most statements in one transaction: each locks its object, and the server's lock table is small.
AT_ONCE = 500
# A span ends where owner or privileges change; islands of equal ones have equal differences of row numbers.
# `aclitem[]` has no order, its text has; of the empty one a cast makes an array that is not one-dimensional.
_SPANS = f"""
    WITH objects AS (
        SELECT oid, lomowner, lomacl::pg_catalog.text AS acl FROM pg_catalog.pg_largeobject_metadata),
    islands AS (
        SELECT oid, lomowner, acl, row_number() OVER (ORDER BY oid)
            - row_number() OVER (PARTITION BY lomowner, acl ORDER BY oid) AS island
        FROM objects),
    spans AS (
        SELECT min(oid) AS first, max(oid) AS last, lomowner, acl FROM islands GROUP BY lomowner, acl, island)
    SELECT s.first, s.last, pg_catalog.pg_get_userbyid(s.lomowner), s.acl IS NOT NULL, {EXPLODED}
    FROM spans s LEFT JOIN LATERAL pg_catalog.aclexplode(NULLIF(s.acl, '{{}}')::pg_catalog.aclitem[]) x ON true
    ORDER BY s.first
"""  # noqa: S608
_COMMENTS = """
    SELECT m.oid, d.description FROM pg_catalog.pg_largeobject_metadata m
        JOIN pg_catalog.pg_description d ON d.objoid = m.oid AND d.objsubid = 0
            AND d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
    ORDER BY 1
"""
_IN_SPAN = "SELECT oid FROM pg_catalog.pg_largeobject_metadata WHERE oid BETWEEN %s AND %s ORDER BY 1"


@dataclass(frozen=True, slots=True)
class Span:
    """All large objects from `first` to `last`, both included; they have equal properties.

    Attributes:
        first: The first one's oid.
        last: The last one's oid.
        owner: Their owner.
        privileges: Their privileges.
    """

    first: int
    last: int
    owner: str
    privileges: Privileges

    def to_json(self) -> list[Any]:
        """As a JSON object."""
        return [self.first, self.last, self.owner, privileges_json(self.privileges)]

    @classmethod
    def from_json(cls, data: Any) -> "Span":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "a span of large objects", ("first", "last", "owner", "privileges"))
        first, last = (fields.integer(name, OID) for name in ("first", "last"))
        return cls(first, last, fields.name("owner"), fields.optional("privileges", privileges_from_json))


@dataclass(frozen=True, slots=True)
class LargeObjectProperties:
    """The properties of large objects beside their bytes.

    Attributes:
        spans: Spans in the order of oids; every large object is in one.
        comments: Oid and comment of those that have one, in order.
    """

    spans: tuple[Span, ...] = ()
    comments: tuple[tuple[int, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"spans": [span.to_json() for span in self.spans], "comments": [list(each) for each in self.comments]}

    @classmethod
    def from_json(cls, data: Any) -> "LargeObjectProperties":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "the large objects")
        return cls(fields.items("spans", Span.from_json), fields.items("comments", _read_comment))


def _read_comment(data: Any) -> tuple[int, str]:  # noqa: ANN401 - it may be anything
    fields = SqlFields.of(data, "a comment", ("oid", "text"))
    return fields.integer("oid", OID), fields.text("text")


def read_properties(connection: Connection) -> LargeObjectProperties:
    """The properties of all large objects; needs no right on any of them."""
    with translated("reading the owners of large objects"):
        rows = connection.execute(_SPANS).fetchall()
        comments = connection.execute(_COMMENTS).fetchall()
    spans = (_span(list(group)) for _, group in groupby(rows, lambda row: row[0]))
    return LargeObjectProperties(tuple(spans), tuple((oid, text) for oid, text in comments))


def _span(rows: list[tuple[Any, ...]]) -> Span:
    first, last, owner, changed = rows[0][:4]
    privileges = tuple(sorted(Privilege(*row[4:]) for row in rows if row[4] is not None))
    return Span(first, last, owner, privileges if changed else None)


def write_comments(connection: Connection, properties: LargeObjectProperties) -> None:
    """Set the comments again, as a role that owns the objects; may run twice."""
    statements = (
        sql.SQL("COMMENT ON {} IS {}").format(_thing(oid), literal(text)) for oid, text in properties.comments
    )
    _run(connection, statements)


def write_owners(connection: Connection, properties: LargeObjectProperties) -> None:
    """Give the large objects to their owners, as a member of these roles; may run twice."""
    for span in properties.spans:
        owner = identifier(span.owner)
        things = map(_thing, _oids(connection, span))
        _run(connection, (sql.SQL("ALTER {} OWNER TO {}").format(thing, owner) for thing in things))


def write_privileges(connection: Connection, properties: LargeObjectProperties) -> None:
    """Grant the privileges again, after the owners are set; may run twice."""
    for span in properties.spans:
        if span.privileges is not None:
            _run(connection, _grants(_oids(connection, span), span))


def _grants(oids: Iterable[int], span: Span) -> Iterator[sql.Composable]:
    """One object's statements joined, so that no transaction ends between a SET ROLE and its RESET."""
    for oid in oids:
        yield sql.SQL("; ").join(grant_statements(_thing(oid), span.owner, span.privileges))


def _oids(connection: Connection, span: Span) -> list[int]:
    with translated("listing the large objects"):
        return [row[0] for row in connection.execute(_IN_SPAN, (span.first, span.last)).fetchall()]


def _thing(oid: int) -> sql.Composed:
    return sql.SQL("LARGE OBJECT {}").format(sql.Literal(oid))


def _run(connection: Connection, statements: Iterable[sql.Composable]) -> None:
    rest = iter(statements)
    while part := list(islice(rest, AT_ONCE)):
        with translated("restoring the properties of large objects"), connection.transaction():
            connection.execute(sql.SQL("; ").join(part))
