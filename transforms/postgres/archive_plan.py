"""All that is made of an archive, in the order in which it is made."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.postgres import renames as renaming
from transforms.postgres.archive_part import Part
from transforms.postgres.identifiers import Name
from transforms.postgres.owners import ACLS, Owning, acl_steps, owned, owner_steps, visitors
from transforms.postgres.renames import Renames
from transforms.postgres.step import Step, creating, encoded
from transforms.postgres.toc import POST_DATA, PRE_DATA, Entry, Toc

# As pg_restore has them: `_doSetFixedOutputState` of pg_backup_archiver.c. The rest is pinned in every session.
SETTINGS = (
    "SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = warning;"
    " SET LOCAL default_tablespace = ''; SET LOCAL default_table_access_method = heap;"
)
# Settings of the archive: how its statements are written.
WRITTEN = frozenset({"ENCODING", "STDSTRINGS"})
# Event triggers would fire on what a restore does itself, remarks on them need them.
LATE = "EVENT TRIGGER"
# Forced on a table's owner too, it would keep constraints and materialized views from being checked and filled.
GUARD = "ROW SECURITY"


@dataclass(frozen=True)
class ArchivePlan:
    """The steps of a restore but for the rows.

    Attributes:
        session: What prepares a transaction.
        entries: The entries that are restored.
        pre_data: Before the rows.
        post_data: Behind them.
        guards: Row security, when nothing is read any more.
        owners: The owners of objects.
        acls: Privileges on objects.
        renames: New names of tables.
        schema_owners: Owners and privileges of schemas, default privileges, new names of schemas.
        late: Event triggers and what is about them.
        visitors: Schema and role: who must be let into a schema for `owners`, `acls` and `renames`.
    """

    session: bytes
    entries: tuple[Entry, ...]
    pre_data: tuple[Step, ...]
    post_data: tuple[Step, ...]
    guards: tuple[Step, ...]
    owners: tuple[Step, ...]
    acls: tuple[Step, ...]
    renames: tuple[Step, ...]
    schema_owners: tuple[Step, ...]
    late: tuple[Step, ...]
    visitors: tuple[tuple[str, str], ...]


def plan(toc: Toc, part: Part, owning: Owning, renames: Renames, is_superuser: bool) -> ArchivePlan:
    """Plan a restore of a part of an archive.

    Args:
        toc: The archive's table of contents.
        part: What is restored of it.
        owning: Whether owners and privileges are.
        renames: New names.
        is_superuser: Whether who restores is a superuser.
    """
    entries = part.entries
    schemas, objects = _halves(entry for entry in entries if not _is_late(entry, toc))
    late = [entry for entry in entries if _is_late(entry, toc)]
    guards = [entry for entry in entries if entry.kind == GUARD]

    def owners(some: Iterable[Entry]) -> list[Step]:
        return owner_steps(some) if owning.owners else []

    def acls(some: Iterable[Entry]) -> list[Step]:
        return acl_steps(some, owning, is_superuser) if owning.acls else []

    def making(section: int) -> list[Step]:
        both = [entry for entry in entries if entry.section == section and entry not in [*late, *guards]]
        return creating(part, (entry for entry in both if entry.kind not in ACLS))

    return ArchivePlan(
        session=_session(toc),
        entries=entries,
        pre_data=(*renaming.new_schemas(renames, entries), *making(PRE_DATA)),
        post_data=tuple(making(POST_DATA)),
        guards=tuple(creating(part, guards)),
        owners=tuple(owners(objects)),
        acls=tuple(acls(objects)),
        renames=tuple(renaming.table_steps(renames, entries, owning.owners and not is_superuser)),
        schema_owners=(*owners(schemas), *acls(schemas), *renaming.schema_steps(renames)),
        late=(*creating(part, (entry for entry in late if entry.kind not in ACLS)), *owners(late), *acls(late)),
        visitors=_visitors(entries, Owning(owning.owners and not is_superuser, owning.acls), renames),
    )


def _session(toc: Toc) -> bytes:
    written = [entry.statement for entry in toc.entries if entry.kind in WRITTEN]
    return encoded(SETTINGS + "".join(text.replace("SET ", "SET LOCAL ", 1) for text in written))


def _is_late(entry: Entry, toc: Toc) -> bool:
    about = toc.by_number.get(entry.needs[0]) if entry.needs else None
    return entry.kind == LATE or (
        entry.kind in ("COMMENT", "SECURITY LABEL") and about is not None and about.kind == LATE
    )


def _halves(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Schemas with what is about them and default privileges, and everything else."""
    schemas, objects = list[Entry](), list[Entry]()
    for entry in entries:
        is_schema = entry.kind in ("SCHEMA", "DEFAULT ACL") or (entry.kind == "ACL" and entry.tag.startswith("SCHEMA "))
        (schemas if is_schema else objects).append(entry)
    return schemas, objects


def _visitors(entries: Iterable[Entry], owning: Owning, renames: Renames) -> tuple[tuple[str, str], ...]:
    every = list(entries)
    tables = {Name(entry.schema, entry.tag): entry.owner for entry in every if entry.kind == "TABLE" and owned(entry)}
    moving = renaming.visited(renames, tables) if owning.owners else ()
    return tuple(dict.fromkeys([*visitors(every, owning), *moving]))
