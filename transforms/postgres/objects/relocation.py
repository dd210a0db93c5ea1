"""Rewrites the entries of what gets another name or schema, so that it is made under its new name from the start.

So nothing is ever made under a name that the target may already use. Only a table that gets another name, not just
another schema, is first made in a schema made for it, and gets its new name when everything is there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from transforms.errors import RefusedError
from transforms.postgres.archive.part import ATTACHMENTS, PARTS, REMARKS, Part, own_tables
from transforms.postgres.archive.sql_names import first_name, rewritten
from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.names.identifiers import Name, always_quoted, identifier
from transforms.postgres.objects.owners import ACLS, BY_SIGNATURE
from transforms.postgres.objects.renames import Renames
from transforms.postgres.objects.step import Step, encoded

# How pg_dump writes, in CREATE TYPE of a range type, the name of its multirange type.
_MULTIRANGE = "multirange_type_name = "
# Kinds without a name by which other objects refer to them.
_NAMELESS = REMARKS | ATTACHMENTS | {
    "CHECK CONSTRAINT", "DEFAULT", "DEFAULT ACL", "FK CONSTRAINT", "POLICY", "ROW SECURITY", "RULE", "TRIGGER",
}  # fmt: skip
_SCHEMA = "SCHEMA "


@dataclass(frozen=True, slots=True)
class Relocation:
    """A part of an archive with the names that it has in the target.

    Attributes:
        part: The part with the names under which it is made.
        named: Its entries with their final names.
        names: For objects that move, the name under which each is made, by its name in the backup.
        schemas: The names of the steps that make schemas, by schema, including those of the archive.
        made_first: The steps that make schemas which the archive does not make.
        made_last: The steps that give tables their new names.
    """

    part: Part
    named: tuple[Entry, ...]
    names: Mapping[Name, Name]
    schemas: Mapping[str, str]
    made_first: tuple[Step, ...]
    made_last: tuple[Step, ...]


def relocate(toc: Toc, part: Part, renames: Renames) -> Relocation:
    """Give a part of an archive its names in the target.

    Raises:
        RefusedError: if something that moves and something that does not have the same name.
    """
    if part.is_whole:
        schemas = {entry.tag: str(entry.number) for entry in part.entries if entry.kind == "SCHEMA"}
        return Relocation(part, part.entries, {}, schemas, (), ())
    homes = _homes(toc, part, renames)
    names = dict(_moved(toc, part, homes))
    _require_clear(toc, homes, names)
    ends = {renames.made(old).schema: new for old, new in renames.tables if old.name != new.name}
    entries = [_made(entry, homes, names, renames) for entry in part.entries]
    made = tuple(_without_empty_schemas(entries, part.needed, {name.schema for name in ends.values()}))
    schemas = {entry.tag: str(entry.number) for entry in made if entry.kind == "SCHEMA"}
    wanted = {entry.schema for entry in made if entry.schema} | {name.schema for name in ends.values()}
    new = {name: f"schema {name}" for name in sorted(wanted - schemas.keys())}
    return Relocation(
        replace(part, entries=made), tuple(_named(made, ends)), names, schemas | new,
        tuple(_new_schema(name, name not in ends) for name in new), tuple(_naming(part, renames)),
    )  # fmt: skip


def _homes(toc: Toc, part: Part, renames: Renames) -> dict[int, str]:
    """The schemas of the entries that move, by number; what belongs to a table or an object moves with it."""
    homes, last = dict[int, str](), dict[int, str]()
    for entry in part.entries:
        with_it = next((number for number in _belongs_to(toc, entry) if number in homes), None)
        name = Name(entry.schema, entry.tag)
        if entry.kind == "TABLE" and name in renames.new_tables:
            homes[entry.number], last[entry.number] = renames.made(name).schema, renames.name(name).schema
        elif with_it is not None:  # statistics do not move with their table
            homes[entry.number] = last.get(with_it, homes[with_it]) if entry.kind == "STATISTICS" else homes[with_it]
        elif entry.schema in renames.new_schemas:
            homes[entry.number] = renames.new_schemas[entry.schema]
    return homes


def _belongs_to(toc: Toc, entry: Entry) -> Iterable[int]:
    if entry.kind in REMARKS:
        return entry.needs[:1]
    return own_tables(toc, entry) if entry.kind in PARTS - ATTACHMENTS else ()


def _moved(toc: Toc, part: Part, homes: Mapping[int, str]) -> Iterator[tuple[Name, Name]]:
    for entry in part.entries:
        if entry.number in homes:
            yield from ((name, Name(homes[entry.number], name.name)) for name in _own_names(toc, entry))


def _own_names(toc: Toc, entry: Entry) -> Iterator[Name]:
    """The names by which other statements refer to what an entry makes."""
    if entry.kind in BY_SIGNATURE:
        yield from filter(None, [first_name(entry.drop)])
    elif entry.kind == "CONSTRAINT":  # its index
        tables = [toc.by_number[number] for number in own_tables(toc, entry)]
        yield from (Name(entry.schema, entry.tag.removeprefix(f"{table.tag} ")) for table in tables)
    elif entry.kind not in _NAMELESS and entry.schema:
        yield Name(entry.schema, entry.tag)
    if entry.kind == "TYPE" and _MULTIRANGE in entry.statement:
        yield from filter(None, [first_name(entry.statement.split(_MULTIRANGE, 1)[1])])


def _require_clear(toc: Toc, homes: Mapping[int, str], names: Mapping[Name, Name]) -> None:
    """Check that nothing else has the name of something that moves: a function may have that of a table."""
    for entry in toc.entries if names else ():
        for name in _own_names(toc, entry):
            if name in names and homes.get(entry.number) != names[name].schema:
                raise RefusedError(
                    f"{entry} has the name of something that is restored as {names[name].schema}.{names[name].name}:"
                    " it is not known which of them a statement means. Keep the name, and rename it afterwards."
                )


def _made(entry: Entry, homes: Mapping[int, str], names: Mapping[Name, Name], renames: Renames) -> Entry:
    if entry.kind == "SCHEMA":
        name = renames.new_schemas.get(entry.tag, entry.tag)  # pg_dump does not write how public is made
        quoted = always_quoted(name)
        return replace(entry, tag=name, statement=f"CREATE SCHEMA {quoted};\n", drop=f"DROP SCHEMA {quoted};\n")
    if entry.kind == "EXTENSION":
        return entry
    about_schema = entry.kind == "DEFAULT ACL" or (entry.kind in REMARKS and entry.tag.startswith(_SCHEMA))
    schemas = renames.new_schemas if about_schema else {}
    return replace(
        entry, schema=homes.get(entry.number, entry.schema), drop=rewritten(entry.drop, names),
        statement=rewritten(entry.statement, names, schemas),
    )  # fmt: skip


def _without_empty_schemas(entries: list[Entry], needed: frozenset[int], used: set[str]) -> Iterator[Entry]:
    """The entries without schemas in which nothing is made any more, and without remarks on these."""
    used = used | {entry.schema for entry in entries}
    kept = {number for entry in entries if entry.kind == "EXTENSION" for number in entry.needs}
    empty = {
        entry.number for entry in entries
        if entry.kind == "SCHEMA" and entry.tag not in used and entry.number in needed - kept
    }  # fmt: skip
    for entry in entries:
        if entry.number not in empty and not (entry.kind in REMARKS and empty.intersection(entry.needs[:1])):
            yield entry


def _named(entries: Iterable[Entry], ends: Mapping[str, Name]) -> Iterator[Entry]:
    """Entries with their final names: what was made in a restore's schema leaves it, tables with a new name."""
    every = list(entries)
    finals = {
        Name(entry.schema, entry.tag): Name(ends[entry.schema].schema, _last_name(entry, ends))
        for entry in every if entry.schema in ends and entry.kind in ("TABLE", "SEQUENCE")
    }  # fmt: skip
    for entry in every:
        statement, drop = (
            (rewritten(entry.statement, finals), rewritten(entry.drop, finals))
            if entry.kind in ACLS | BY_SIGNATURE else (entry.statement, entry.drop)
        )  # fmt: skip
        schema = ends[entry.schema].schema if entry.schema in ends else entry.schema
        yield replace(entry, schema=schema, tag=_last_name(entry, ends), statement=statement, drop=drop)


def _last_name(entry: Entry, ends: Mapping[str, Name]) -> str:
    return ends[entry.schema].name if entry.kind == "TABLE" and entry.schema in ends else entry.tag


def _new_schema(name: str, may_exist: bool) -> Step:
    return Step(
        f"schema {name}", f"schema {name}", encoded(f"CREATE SCHEMA {always_quoted(name)}"), may_exist=may_exist
    )


def _naming(part: Part, renames: Renames) -> Iterator[Step]:
    """The steps that rename tables, while the restoring role still owns them."""
    for entry in part.entries:
        old = Name(entry.schema, entry.tag)
        target = renames.new_tables.get(old, old)
        if entry.kind == "TABLE" and target.name != old.name:
            yield from _naming_one(str(entry.number), f"renaming {entry} to {target}", renames.made(old), target)


def _naming_one(create: str, title: str, made: Name, target: Name) -> Iterator[Step]:
    steps = {
        "rename": f"ALTER TABLE {_sql(made)} RENAME TO {always_quoted(target.name)}",
        "move": f"ALTER TABLE {_sql(Name(made.schema, target.name))} SET SCHEMA {always_quoted(target.schema)}",
        "clear": f"DROP SCHEMA {always_quoted(made.schema)}",
    }
    needs = (create,)
    for name, text in steps.items():
        yield Step(f"{create} {name}", title, encoded(text), needs, create)
        needs = (f"{create} {name}",)


def _sql(name: Name) -> str:
    return identifier(name.schema, name.name).text
