"""Privileges on objects that are not in pg_dump's archives, and the statements that grant them again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from transforms.postgres.catalog.json_fields import SqlFields
from transforms.postgres.names.identifiers import Bytes, identifier

PUBLIC = ""
WORDS = frozenset({"CONNECT", "CREATE", "SELECT", "TEMPORARY", "UPDATE"})
"""All privileges on databases and large objects (`string_to_privilege` in aclchk.c), as in SQL."""
# `acl` is an aclitem[]; the four columns are those of Privilege.
EXPLODED = """
    pg_catalog.pg_get_userbyid(x.grantor),
    CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END,
    x.privilege_type, x.is_grantable
"""


@dataclass(frozen=True, order=True, slots=True)
class Privilege:
    """One privilege, as from `pg_catalog.aclexplode`; the grantee `PUBLIC` is everybody."""

    grantor: str
    grantee: str
    word: str
    grantable: bool = False

    def to_json(self) -> list[Any]:
        """As JSON: a list, since there are many."""
        return [self.grantor, self.grantee, self.word, self.grantable]

    @classmethod
    def from_json(cls, data: Any) -> "Privilege":  # noqa: ANN401 - it may be anything
        """The inverse of `to_json`; raises ValueError for anything else, or an unknown privilege."""
        fields = SqlFields.of(data, "a privilege", ("grantor", "grantee", "word", "grantable"))
        return cls(
            fields.name("grantor"), fields.text("grantee"), fields.word("word", WORDS), fields.truth("grantable")
        )


Privileges = tuple[Privilege, ...] | None
"""All privileges on an object; None if the default privileges of its kind were never changed."""


def privileges_json(privileges: Privileges) -> list[Any] | None:
    """As JSON."""
    return None if privileges is None else [each.to_json() for each in privileges]


def privileges_from_json(data: Any) -> Privileges:  # noqa: ANN401 - it may be anything
    """The inverse of `privileges_json`; raises ValueError for anything else."""
    return SqlFields.of({"privileges": data}, "an object").optional("privileges", _read)


def _read(data: Any) -> tuple[Privilege, ...]:  # noqa: ANN401 - it may be anything
    return SqlFields.of({"privileges": data}, "an object").items("privileges", Privilege.from_json)


def grant_statements(thing: sql.Composable, owner: str, privileges: Privileges) -> list[sql.Composed]:
    """The statements that give an object exactly these privileges; they may run twice.

    Args:
        thing: Kind and name: `DATABASE "x"`, `LARGE OBJECT 12`.
        owner: Its owner at that time. Who runs the statements must be a member of it and of every other grantor.
        privileges: The privileges; None gives no statements.
    """
    if privileges is None:
        return []
    revoke = [sql.SQL("REVOKE ALL ON {} FROM {}").format(thing, _grantee(role)) for role in (PUBLIC, owner)]
    grants = [statement for each in _in_order(owner, privileges) for statement in _grant(thing, owner, each)]
    return [*revoke, *grants]


def _in_order(owner: str, privileges: Iterable[Privilege]) -> Iterator[Privilege]:
    """The grants in an order in which each grantor has the right first."""
    able, rest = {owner}, sorted(privileges)
    while rest:
        ready = [each for each in rest if each.grantor in able] or rest
        yield from ready
        able.update(each.grantee for each in ready)
        rest = [each for each in rest if each not in ready]


def _grant(thing: sql.Composable, owner: str, privilege: Privilege) -> list[sql.Composed]:
    option = sql.SQL(" WITH GRANT OPTION" if privilege.grantable else "")
    grant = sql.SQL("GRANT {} ON {} TO {}{}").format(Bytes(privilege.word), thing, _grantee(privilege.grantee), option)
    return [grant] if privilege.grantor == owner else _as_role(privilege.grantor, grant)


def _as_role(role: str, statement: sql.Composed) -> list[sql.Composed]:
    """A grant is recorded as made by the current role, since GRANTED BY can name no other."""
    return [sql.SQL("SET ROLE {}").format(identifier(role)), statement, sql.SQL("RESET ROLE").format()]


def _grantee(role: str) -> sql.Composable:
    return sql.SQL("PUBLIC") if role == PUBLIC else identifier(role)
