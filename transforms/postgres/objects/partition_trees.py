"""Trees of partitions in an archive."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from transforms.postgres.archive.toc import Entry
from transforms.postgres.objects.step import Step

ATTACH_INDEX = "INDEX ATTACH"


def one_by_one(steps: Iterable[Step], entries: Iterable[Entry]) -> list[Step]:
    """The steps, changed so that in each tree of partitions only one index is attached at a time.

    A partitioned index becomes valid when the last index below it is attached. Two sessions that attach indexes to
    branches at the same time do not see each other's: each leaves the root invalid, and nothing makes it valid later.
    """
    every = list(entries)
    roots, attaching = _roots(every), {str(entry.number) for entry in every if entry.kind == ATTACH_INDEX}
    return [
        replace(step, tables=frozenset(roots.get(table, table) for table in step.tables), shares=False)
        if step.name in attaching else step
        for step in steps
    ]  # fmt: skip


def _roots(entries: Iterable[Entry]) -> dict[str, str]:
    """The uppermost table of each partition, both by their numbers."""
    every = list(entries)
    tables = {entry.number: entry for entry in every if entry.kind == "TABLE"}
    parents = dict(pair for entry in every if entry.kind == "TABLE ATTACH" for pair in _attached(entry, tables))
    roots: dict[str, str] = {}
    for table in parents:
        way = [table]
        while way[-1] in parents and way[-1] not in roots and parents[way[-1]] not in way:
            way.append(parents[way[-1]])
        roots.update(dict.fromkeys(way[:-1], roots.get(way[-1], way[-1])))
    return roots


def _attached(entry: Entry, tables: Mapping[int, Entry]) -> list[tuple[str, str]]:
    """The partition that an entry attaches, which gives the entry its name, and the table that it is attached to."""
    both = [tables[number] for number in dict.fromkeys(entry.needs) if number in tables]
    own = [table for table in both if (table.schema, table.tag) == (entry.schema, entry.tag)]
    return [(str(child.number), str(parent.number)) for child in own for parent in both if parent not in own]
