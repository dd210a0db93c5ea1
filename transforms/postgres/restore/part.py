"""Which part of an archive is restored with the selected tables, and notes about it for people."""

import re
from collections.abc import Iterable, Iterator, Mapping

from transforms.errors import RefusedError
from transforms.postgres.archive import part as archive_part
from transforms.postgres.archive.part import Part, is_partitioned
from transforms.postgres.archive.sql_names import rewritten
from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.names.identifiers import Name, name_list
from transforms.postgres.names.selection import Candidate
from transforms.postgres.objects.renames import Renames

ROUTINES = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})


def part_of(toc: Toc, tables: Iterable[Name], renames: Renames) -> Part:
    """The part of an archive that is restored with these tables.

    Raises:
        RefusedError: if selected tables belong to an extension, which the target may have with other rows.
    """
    if not renames:
        return archive_part.whole(toc)
    every = {Name(entry.schema, entry.tag) for entry in toc.entries if entry.kind == "TABLE"}
    wanted = set(tables)
    if others := sorted(wanted - every):
        raise RefusedError(
            f"The tables {name_list(others)} belong to extensions, whose rows are restored only with the whole backup."
            f" Leave them out: --exclude_table={','.join(map(str, others))}."
        )
    schemas = {entry.tag if entry.kind == "SCHEMA" else entry.schema for entry in toc.entries}
    return archive_part.chosen(
        toc,
        wanted | {name for name in every if renames.takes_table(Candidate(name))},
        {name for name in schemas if name and renames.takes_schema(name)},
        {name for name in every if renames.chosen.excludes(Candidate(name))},
    )


def notes(toc: Toc, part: Part, tables: Iterable[Name], renames: Renames, names: Mapping[Name, Name]) -> list[str]:
    """Notes for people about a part; `tables` get rows, and `names` has the new names of objects that move."""
    return [*_naming(part, renames, names), *_empty(part, tables), *(_torn(toc, part) if renames else ())]


def _naming(part: Part, renames: Renames, names: Mapping[Name, Name]) -> Iterator[str]:
    """Notes about routines whose bodies use old names: nothing is renamed there, since they may be in any language."""
    old = [*map(str, renames.new_tables), *renames.new_schemas]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, old))})(?!\w)")
    for entry in part.entries if old else ():
        found = pattern.search(rewritten(entry.statement, names)) if entry.kind in ROUTINES else None
        if found:
            yield f"{entry}: its body names {found[0]}, which is renamed; check the body."


def _empty(part: Part, tables: Iterable[Name]) -> list[str]:
    """Notes about tables whose rows the backup does not have, for example because it excluded them."""
    names = set(tables)
    made = [entry for entry in part.entries if entry.kind == "TABLE" and not is_partitioned(entry)]
    missing = [name for name in (Name(entry.schema, entry.tag) for entry in made) if name not in names]
    return [f"table {name} is empty: its rows are not in the backup, or were excluded." for name in missing]


def _torn(toc: Toc, part: Part) -> Iterator[str]:
    """Notes about partitions without their partitioned table, and foreign keys to tables that are not restored."""
    numbers = {entry.number for entry in part.entries}
    for entry in toc.entries:
        others = [Name(each.schema, each.tag) for each in _tables(toc, entry) if each.number not in numbers]
        if entry.kind == "TABLE ATTACH" and others and numbers.intersection(archive_part.own_tables(toc, entry)):
            yield (
                f"table {Name(entry.schema, entry.tag)} was a partition of {name_list(others)}, which is not restored:"
                " it is a table of its own. ALTER TABLE .. ATTACH PARTITION makes it one again."
            )
        if entry.kind == "FK CONSTRAINT" and others and entry.number in numbers:
            yield f"{entry}: refers to {name_list(others)} of the target: deleting rows there must now satisfy it."


def _tables(toc: Toc, entry: Entry) -> Iterator[Entry]:
    needed = (toc.by_number[number] for number in entry.needs if number in toc.by_number)
    return (each for each in needed if each.kind == "TABLE")
