"""The roles that a database's objects name: owners and grantees, and those in policies and settings.

Passwords are not read: `pg_roles` shows none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.postgres.catalog.json_fields import SqlFields, text_of
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

# Objects from here on are made by users (FirstNormalObjectId of access/transam.h), and all large objects.
FIRST_USER_OID = 16384
# pg_dump leaves out these schemas, too.
_LEFT_OUT = "nspname ~ '^pg_(toast_)?temp_' OR nspname = 'information_schema'"
_KEPT = f"{{}} NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE {_LEFT_OUT})"  # noqa: S608
# Catalog, its owner column, its column of privileges, which rows count. Types of rows and arrays go with theirs.
_CATALOGS = (
    ("pg_class", "relowner", "relacl", _KEPT.format("relnamespace")),
    ("pg_proc", "proowner", "proacl", ""),
    ("pg_type", "typowner", "typacl", "typrelid = 0 AND " + _KEPT.format("typnamespace")),
    ("pg_namespace", "nspowner", "nspacl", f"NOT ({_LEFT_OUT})"),
    ("pg_operator", "oprowner", "", ""),
    ("pg_opclass", "opcowner", "", ""),
    ("pg_opfamily", "opfowner", "", ""),
    ("pg_collation", "collowner", "", ""),
    ("pg_conversion", "conowner", "", ""),
    ("pg_language", "lanowner", "lanacl", ""),
    ("pg_ts_dict", "dictowner", "", ""),
    ("pg_ts_config", "cfgowner", "", ""),
    ("pg_statistic_ext", "stxowner", "", ""),
    ("pg_foreign_data_wrapper", "fdwowner", "fdwacl", ""),
    ("pg_foreign_server", "srvowner", "srvacl", ""),
    ("pg_event_trigger", "evtowner", "", ""),
    ("pg_publication", "pubowner", "", ""),
    ("pg_subscription", "subowner", "", "subdbid = (SELECT oid FROM this)"),
    ("pg_largeobject_metadata", "lomowner", "lomacl", ""),
)
_THIS = "WITH this AS (SELECT * FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
_OF_EXTENSION = """
    EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e' AND d.objid = o.oid
        AND d.classid = 'pg_catalog.{}'::pg_catalog.regclass)
"""
# The schema public is made by initdb (its oid is fixed by pg_namespace.dat) and may have been given away.
_PUBLIC_OID = 2200
_OWNERS = """
    SELECT o.{1}, 'owner' FROM pg_catalog.{0} o
    WHERE (o.oid >= {2} OR '{0}' = 'pg_largeobject_metadata' OR '{0}' = 'pg_namespace' AND o.oid = {3})
        AND NOT {4} AND {5}
"""
# Initial privileges, from initdb or an extension, are not restored (pg_init_privs).
_GRANTS = """
    SELECT g.role, 'privileges' FROM pg_catalog.{0} o
        LEFT JOIN pg_catalog.pg_init_privs i ON i.objoid = o.{2} AND i.objsubid = {3}
            AND i.classoid = 'pg_catalog.{4}'::pg_catalog.regclass,
        LATERAL (SELECT * FROM pg_catalog.aclexplode(o.{1}) EXCEPT SELECT * FROM pg_catalog.aclexplode(i.initprivs)) x,
        LATERAL (VALUES (x.grantor), (x.grantee)) g(role)
    WHERE o.{1} IS NOT NULL AND {5}
"""
_OTHERS = """
    SELECT datdba, 'owner' FROM this
    UNION ALL SELECT g.role, 'privileges' FROM this, pg_catalog.aclexplode(datacl) x,
        LATERAL (VALUES (x.grantor), (x.grantee)) g(role)
    UNION ALL SELECT a.defaclrole, 'default privileges' FROM pg_catalog.pg_default_acl a
    UNION ALL SELECT x.grantee, 'default privileges'
        FROM pg_catalog.pg_default_acl a, pg_catalog.aclexplode(a.defaclacl) x
    UNION ALL SELECT pg_catalog.unnest(polroles), 'policy' FROM pg_catalog.pg_policy
    UNION ALL SELECT umuser, 'user mapping' FROM pg_catalog.pg_user_mappings
    UNION ALL SELECT s.setrole, 'setting' FROM pg_catalog.pg_db_role_setting s, this WHERE s.setdatabase = this.oid
"""
_ROLES = """
    SELECT r.rolname, pg_catalog.array_agg(DISTINCT u.use ORDER BY u.use), r.rolsuper, r.rolcanlogin, r.rolinherit,
        r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls
    FROM ({}) u(role, use) JOIN pg_catalog.pg_roles r ON r.oid = u.role GROUP BY {}
"""
_ATTRIBUTES = ("SUPERUSER", "LOGIN", "INHERIT", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
_MEMBERSHIPS = """
    SELECT g.rolname, m.rolname, pg_catalog.bool_or(a.admin_option)
    FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
        JOIN pg_catalog.pg_roles m ON m.oid = a.member
    GROUP BY 1, 2
"""


@dataclass(frozen=True, order=True, slots=True)
class Role:
    """A role that objects of the database name.

    Attributes:
        name: Its name.
        uses: What it is needed for, sorted: `owner`, `privileges`, `default privileges`, `policy`, `user mapping` or
            `setting`.
        attributes: Its attributes as in CREATE ROLE, such as `LOGIN`, `CREATEDB`; never a password.
    """

    name: str
    uses: tuple[str, ...]
    attributes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"name": self.name, "uses": list(self.uses), "attributes": list(self.attributes)}

    @classmethod
    def from_json(cls, data: Any) -> "Role":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "a role")
        return cls(fields.name("name"), fields.items("uses", text_of), fields.items("attributes", text_of))


@dataclass(frozen=True, order=True, slots=True)
class Membership:
    """`member` is a member of `role`; both are needed roles."""

    role: str
    member: str
    admin: bool = False

    def to_json(self) -> list[Any]:
        """As a JSON object."""
        return [self.role, self.member, self.admin]

    @classmethod
    def from_json(cls, data: Any) -> "Membership":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else."""
        fields = SqlFields.of(data, "a membership", ("role", "member", "admin"))
        return cls(fields.name("role"), fields.name("member"), fields.truth("admin"))


def list_roles(connection: Connection) -> tuple[Role, ...]:
    """The roles that the database's objects name, sorted by name; those of extensions' own objects are not."""
    with translated("listing the roles"):
        rows = connection.execute(_needed_query()).fetchall()
    return tuple(sorted(_role(name, uses, able) for name, uses, *able in rows))


def list_memberships(connection: Connection, roles: Iterable[Role]) -> tuple[Membership, ...]:
    """The memberships among `roles`, sorted."""
    with translated("listing the memberships of roles"):
        found = sorted(Membership(*row) for row in connection.execute(_MEMBERSHIPS).fetchall())
    names = {role.name for role in roles}
    return tuple(each for each in found if {each.role, each.member} <= names)


def _role(name: str, uses: Sequence[str], able: Sequence[bool]) -> Role:
    return Role(name, tuple(uses), tuple(word for word, has in zip(_ATTRIBUTES, able, strict=True) if has))


def _needed_query() -> bytes:
    parts = [_OTHERS, _GRANTS.format("pg_attribute", "attacl", "attrelid", "o.attnum", "pg_class", "true")]
    for catalog, owner, acl, condition in _CATALOGS:
        counts = condition or "true"
        parts.append(_OWNERS.format(catalog, owner, FIRST_USER_OID, _PUBLIC_OID, _OF_EXTENSION.format(catalog), counts))
        if acl:
            parts.append(_GRANTS.format(catalog, acl, "oid", 0, catalog, counts))
    columns = ", ".join(str(place) for place in (1, *range(3, 10)))
    return f"{_THIS} {_ROLES.format(' UNION ALL '.join(parts), columns)}".encode()
