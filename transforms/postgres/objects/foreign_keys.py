"""Foreign keys that would be violated, since the backup lacks rows that they refer to."""

from collections.abc import Iterable, Iterator

from transforms.errors import IntegrityError
from transforms.postgres.archive.part import Part, is_partitioned
from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects.failure import Failure
from transforms.postgres.objects.step import Step

KIND = "FK CONSTRAINT"


def broken(toc: Toc, part: Part, steps: Iterable[Step], relations: Iterable[Relation]) -> list[Failure]:
    """The foreign keys among a restore's steps that refer to rows that it does not restore.

    Args:
        toc: The archive's table of contents.
        part: What is restored of it; a table outside of it is one that the target has.
        steps: The steps that make the part's objects.
        relations: The tables whose rows are restored.
    """
    by_name, reasons = {step.name: step for step in steps}, _incomplete(toc, part, relations)
    found = []
    for entry in part.entries:
        if entry.kind == KIND and str(entry.number) in by_name:
            reason = next((reasons[table] for table in _referred(toc, entry) if table in reasons), None)
            found += [Failure(by_name[str(entry.number)], reason)] if reason else []
    return found


def _referred(toc: Toc, entry: Entry) -> list[Name]:
    """The tables that a foreign key refers to: its own if it needs no other one."""
    tables = [toc.by_number[number] for number in entry.needs if number in toc.by_number]
    names = [Name(table.schema, table.tag) for table in tables if table.kind == "TABLE"]
    own = {name for name in names if name.schema == entry.schema and entry.tag.startswith(f"{name.name} ")}
    return [name for name in names if name not in own] or names


def _incomplete(toc: Toc, part: Part, relations: Iterable[Relation]) -> dict[Name, str]:
    """Why rows are missing, by table; those of a partitioned table are missing if a partition's are."""
    restored = {relation.name: relation for relation in relations}
    reasons = {
        name: f"refers to {name}, of which the backup has only the rows where {relation.where}"
        for name, relation in restored.items() if relation.where
    }  # fmt: skip
    for name in _tables(part):
        if name not in restored and name not in _partitioned(toc):
            reasons[name] = f"refers to {name}, whose rows are not in what is restored"
    for table, parent in _attached(toc):
        if table in reasons:
            reasons.setdefault(parent, reasons[table])
    return reasons


def _tables(part: Part) -> Iterator[Name]:
    return (Name(entry.schema, entry.tag) for entry in part.entries if entry.kind == "TABLE")


def _partitioned(toc: Toc) -> set[Name]:
    """The partitioned tables, with or without partitions."""
    return {Name(entry.schema, entry.tag) for entry in toc.entries if is_partitioned(entry)}


def _attached(toc: Toc) -> list[tuple[Name, Name]]:
    """Each partition and the table that it is attached to, the lowest partitions first."""
    pairs = []
    for entry in toc.entries:
        if entry.kind == "TABLE ATTACH":
            table = Name(entry.schema, entry.tag)
            tables = [toc.by_number[number] for number in entry.needs if number in toc.by_number]
            pairs += [(table, name) for name in (Name(each.schema, each.tag) for each in tables) if name != table]
    parents = dict(pairs)
    return sorted(pairs, key=lambda pair: -len(list(_above(pair[0], parents))))


def _above(table: Name, parents: dict[Name, Name]) -> Iterator[Name]:
    seen = {table}
    while table in parents:
        table = parents[table]
        if table in seen:
            raise IntegrityError(f"The archive says that {table} is a partition of itself. Verify the backup.")
        seen.add(table)
        yield table
