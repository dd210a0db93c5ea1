"""Owners and privileges, set at the end of a restore: objects before schemas.

Until then the restoring role owns everything. If it is not a superuser, it may give an object away only if it can
SET ROLE to the new owner and the new owner may create in the schema; it grants privileges as the owner. So new owners
are granted for a moment what they lack there (`lent_rights`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import always_quoted
from transforms.postgres.objects.step import Step, as_role, encoded

# The kinds that have an owner, and how ALTER names their objects: `_getObjectDescription` of pg_backup_archiver.c.
BY_NAME = frozenset({
    "COLLATION", "CONVERSION", "DOMAIN", "FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE", "STATISTICS", "TABLE",
    "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TYPE", "VIEW", "EVENT TRIGGER", "FOREIGN DATA WRAPPER",
    "PROCEDURAL LANGUAGE", "PUBLICATION", "SCHEMA", "SERVER", "SUBSCRIPTION",
})  # fmt: skip
BY_SIGNATURE = frozenset({"AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE"})
# Beginnings of the titles of steps.
OWNER, PRIVILEGES = "owner of ", "privileges on "
ACLS = frozenset({"ACL", "DEFAULT ACL"})
# How pg_dump writes a grant by somebody other than the owner; only superusers may run it.
_AS_GRANTOR = re.compile(r'^SET SESSION AUTHORIZATION ((?:"(?:[^"]|"")*")+|[\w$]+);$', re.MULTILINE)
_AS_SELF = re.compile(r"^RESET SESSION AUTHORIZATION;$", re.MULTILINE)
# The new owner of these must be able to create in the database.
OF_DATABASE = frozenset({"PUBLICATION", "SUBSCRIPTION"})


@dataclass(frozen=True, slots=True)
class Owning:
    """Whether owners, privileges and tablespaces are restored."""

    owners: bool = True
    acls: bool = True
    tablespaces: bool = True
    role: str = ""
    """The restoring role, which owns what it makes; empty if it is not known."""


def owner_steps(entries: Iterable[Entry], role: str = "") -> list[Step]:
    """The steps that give objects to their owners; the sequence of a column follows its table without a step.

    Args:
        entries: The objects.
        role: The role that makes them, whose own objects need no step; empty if it is not known.
    """
    every = list(entries)
    following = {entry.needs[0] for entry in every if entry.kind == "SEQUENCE OWNED BY" and entry.needs}
    given = [entry for entry in every if owned(entry) and entry.owner != role]
    return [_owner_step(entry) for entry in given if entry.number not in following]


def owned(entry: Entry) -> bool:
    """Whether an entry makes an object with an owner; an identity column's sequence has that of its table."""
    return bool(entry.owner and entry.drop) and entry.kind in BY_NAME | BY_SIGNATURE


def _owner_step(entry: Entry) -> Step:
    text = f"ALTER {_described(entry)} OWNER TO {always_quoted(entry.owner)}"
    create = str(entry.number)
    return Step(f"{create} owner", f"{OWNER}{entry}", encoded(text), (create, f"{create} move"), create)


def _described(entry: Entry) -> str:
    if entry.kind in BY_SIGNATURE:
        return entry.drop.strip().removeprefix("DROP ").removesuffix(";")
    names = [entry.schema, entry.tag] if entry.schema else [entry.tag]
    return f"{entry.kind} {'.'.join(map(always_quoted, names))}"


def acl_steps(
    entries: Iterable[Entry], owning: Owning, is_superuser: bool, schemas: Mapping[str, str] = {}
) -> list[Step]:
    """The steps that grant privileges again, as the owners if these are restored.

    Args:
        entries: The entries of an archive.
        owning: What is restored.
        is_superuser: Whether the restoring role is a superuser.
        schemas: The steps that make schemas, by name: default privileges in a schema that existed are not changed.
    """
    return [_acl_step(entry, owning, is_superuser, schemas) for entry in entries if entry.kind in ACLS]


def _acl_step(entry: Entry, owning: Owning, is_superuser: bool, schemas: Mapping[str, str]) -> Step:
    is_acl = entry.kind == "ACL"
    about = (str(entry.needs[0]) if entry.needs else "") if is_acl else schemas.get(entry.schema, "")
    role = entry.owner if is_acl and about and owning.owners and not is_superuser else ""
    text = entry.statement if is_superuser else _without_authorization(entry.statement, role)
    title = f"{PRIVILEGES}{entry.tag}" if is_acl else f"default privileges {entry.schema}"
    needs = (about, f"{about} move", *([f"{about} owner"] if role else [])) if about else ()
    return Step(str(entry.number), title, as_role(role, text), needs, about)


def _without_authorization(text: str, role: str) -> str:
    """The statements with SET ROLE, which a member may use, for SET SESSION AUTHORIZATION, and back to `role`."""
    back = f"SET LOCAL ROLE {always_quoted(role)};" if role else "RESET ROLE;"
    return _AS_SELF.sub(lambda _: back, _AS_GRANTOR.sub(lambda found: f"SET LOCAL ROLE {found[1]};", text))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def visitors(entries: Iterable[Entry], owning: Owning) -> Iterator[tuple[str, str]]:
    """Each schema, and a role that must be able to use it or create in it; an empty schema means the database."""
    for entry in entries:
        if owning.owners and owned(entry) and (entry.schema or entry.kind in OF_DATABASE):
            yield entry.schema, entry.owner
        if owning.acls and entry.kind == "ACL" and entry.schema:
            yield from ((entry.schema, _unquoted(name)) for name in _AS_GRANTOR.findall(entry.statement))
