"""Owners and privileges, the last of a restore: objects before schemas, each by who may.

Until then everything belongs to who restores. A role without superuser's rights may give an object away if it can
become the new owner, and if that one may create in the schema; it grants in the name of the owner. So new owners are
lent what they lack there (`lent_rights`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import always_quoted
from transforms.postgres.objects.step import Step, as_role, encoded

# Which kinds have an owner, and how ALTER names one: `_getObjectDescription` of pg_backup_archiver.c.
BY_NAME = frozenset({
    "COLLATION", "CONVERSION", "DOMAIN", "FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE", "STATISTICS", "TABLE",
    "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TYPE", "VIEW", "EVENT TRIGGER", "FOREIGN DATA WRAPPER",
    "PROCEDURAL LANGUAGE", "PUBLICATION", "SCHEMA", "SERVER", "SUBSCRIPTION",
})  # fmt: skip
BY_SIGNATURE = frozenset({"AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE"})
# How the titles of steps begin.
OWNER, PRIVILEGES = "owner of ", "privileges on "
ACLS = frozenset({"ACL", "DEFAULT ACL"})
# pg_dump writes a grant of somebody who is not the owner so; only superusers may do it in this way.
_AS_GRANTOR = re.compile(r'^SET SESSION AUTHORIZATION ((?:"(?:[^"]|"")*")+|[\w$]+);$', re.MULTILINE)
_AS_SELF = re.compile(r"^RESET SESSION AUTHORIZATION;$", re.MULTILINE)
# Their new owner must be able to create in the database.
OF_DATABASE = frozenset({"PUBLICATION", "SUBSCRIPTION"})


@dataclass(frozen=True, slots=True)
class Owning:
    """What is kept of owners, privileges and tablespaces."""

    owners: bool = True
    acls: bool = True
    tablespaces: bool = True
    role: str = ""
    """Who restores, and owns what it makes; empty if that is not known."""


def owner_steps(entries: Iterable[Entry], role: str = "") -> list[Step]:
    """The steps that give the objects to their owners; the sequence of a column goes with its table.

    Args:
        entries: The objects.
        role: Who makes them, and so owns them as they are; empty if that is not known.
    """
    every = list(entries)
    following = {entry.needs[0] for entry in every if entry.kind == "SEQUENCE OWNED BY" and entry.needs}
    given = [entry for entry in every if owned(entry) and entry.owner != role]
    return [_owner_step(entry) for entry in given if entry.number not in following]


def owned(entry: Entry) -> bool:
    """Whether an entry makes something that has an owner of its own; an identity's sequence has its table's."""
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
    """The steps that grant what was granted, in the name of the owners if they are kept.

    Args:
        entries: The entries of an archive.
        owning: What is kept.
        is_superuser: Whether who restores is one.
        schemas: The steps that make schemas: default privileges in one that was there already stay as they are.
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
    """The same by SET ROLE, which a member may use, back to the role that grants the rest."""
    back = f"SET LOCAL ROLE {always_quoted(role)};" if role else "RESET ROLE;"
    return _AS_SELF.sub(lambda _: back, _AS_GRANTOR.sub(lambda found: f"SET LOCAL ROLE {found[1]};", text))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def visitors(entries: Iterable[Entry], owning: Owning) -> Iterator[tuple[str, str]]:
    """Schema and role of those who must be able to create in it or use it for a moment; without one: the database."""
    for entry in entries:
        if owning.owners and owned(entry) and (entry.schema or entry.kind in OF_DATABASE):
            yield entry.schema, entry.owner
        if owning.acls and entry.kind == "ACL" and entry.schema:
            yield from ((entry.schema, _unquoted(name)) for name in _AS_GRANTOR.findall(entry.statement))
