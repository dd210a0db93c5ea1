"""The steps that make the objects of an archive: each one statement, or a few that belong together."""

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.postgres.archive.part import Part, is_partitioned
from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import always_quoted, identifier, statement_bytes
from transforms.postgres.objects.presence import presence_query

# Kinds whose lock on a table (SHARE) does not keep out others of these kinds (PostgreSQL's documentation, 13.3).
SHARING = frozenset({"INDEX"})
# The words by which pg_dump lets a statement succeed although its object exists.
UNLESS_THERE = {"EXTENSION": "IF NOT EXISTS ", "PROCEDURAL LANGUAGE": "OR REPLACE "}


@dataclass(frozen=True, slots=True)
class Step:
    """A step, done completely or not done.

    Attributes:
        name: Its name in the ledger.
        title: What it makes, for people.
        statement: The SQL: one statement, or several with semicolons between them.
        needs: Names of the steps that it needs.
        about: Name of the step whose object this one describes, such as a comment or an owner; else empty.
        may_exist: Whether what it makes may be in the target already.
        tables: Identifiers of the tables that it locks.
        shares: Whether other steps that share may lock them at the same time.
        holds_rows: Whether it makes a table.
        presence: The query that says whether its object exists; empty if there is none.
    """

    name: str
    title: str
    statement: bytes
    needs: tuple[str, ...] = ()
    about: str = ""
    may_exist: bool = False
    tables: frozenset[str] = frozenset()
    shares: bool = False
    holds_rows: bool = False
    presence: bytes = b""


def creating(part: Part, entries: Iterable[Entry]) -> list[Step]:
    """The steps that make some entries of a part."""
    kinds = {entry.number: entry.kind for entry in part.entries}
    made = ((entry, _creating(entry, kinds, _may_exist(part, entry))) for entry in entries)
    return [step for entry, create in made for step in (create, *_access_method(entry))]


def _may_exist(part: Part, entry: Entry) -> bool:
    """Whether the target may have it already, and keep it; even an empty database may have extensions and schemas."""
    return entry.number in part.needed or entry.kind in ("EXTENSION", "SCHEMA")


def _creating(entry: Entry, kinds: dict[int, str], may_exist: bool) -> Step:
    needs = tuple(str(number) for number in dict.fromkeys(entry.needs) if number in kinds)
    remark = entry.kind in ("COMMENT", "SECURITY LABEL")
    return Step(
        name=str(entry.number),
        title=str(entry),
        statement=_statement(entry),
        needs=needs,
        about=needs[0] if remark and needs else "",
        may_exist=may_exist,
        tables=frozenset(str(number) for number in entry.needs if kinds.get(number) == "TABLE"),
        shares=entry.kind in SHARING,
        holds_rows=entry.kind == "TABLE",
        presence=encoded(presence_query(entry)) if may_exist else b"",
    )


def _access_method(entry: Entry) -> list[Step]:
    """The step that sets the access method of a partitioned table, which only its future partitions use.

    See `_printTableAccessMethodNoStorage` of pg_backup_archiver.c.
    """
    if not (is_partitioned(entry) and entry.access_method):
        return []
    table, create = identifier(entry.schema, entry.tag).text, str(entry.number)
    statement = encoded(f"ALTER TABLE {table} SET ACCESS METHOD {always_quoted(entry.access_method)}")
    return [Step(f"{create} access method", f"access method of {entry}", statement, (create,), create)]


def _statement(entry: Entry) -> bytes:
    text = entry.statement.rstrip().removesuffix(";")
    if entry.kind in UNLESS_THERE:  # an existing object must be noticed, and stays as it is
        text = text.replace(UNLESS_THERE[entry.kind], "", 1)
    around = [
        (f"default_tablespace = {always_quoted(entry.tablespace)}", "default_tablespace = ''")
        if entry.tablespace else None,
        (f"default_table_access_method = {always_quoted(entry.access_method)}", "default_table_access_method = heap")
        if entry.access_method not in ("", "heap") and not is_partitioned(entry) else None,
    ]  # fmt: skip
    settings = [setting for setting in around if setting]
    before = "".join(f"SET LOCAL {first};\n" for first, _ in settings)
    after = "".join(f"\n;SET LOCAL {last}" for _, last in settings)
    return encoded(f"{before}{text}{after}")


def as_role(role: str, text: str) -> bytes:
    """Statements run as a role; an empty role means the one that is logged in."""
    body = text.rstrip().removesuffix(";")
    return encoded(f"SET LOCAL ROLE {always_quoted(role)};\n{body}\n;RESET ROLE" if role else body)


def encoded(text: str) -> bytes:
    """A statement as bytes; surrogate escapes are bytes that are not UTF-8.

    Raises:
        IntegrityError: if it holds a zero byte, where libpq would cut it off.
    """
    return statement_bytes(text)
