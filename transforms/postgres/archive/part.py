"""Selects the entries of an archive to restore: all, or the chosen tables and schemas with what they need."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.names.identifiers import Name

# Settings of the session, and what database_properties restores. Our archives have no rows and no statistics.
SETTINGS = frozenset({"ENCODING", "STDSTRINGS", "SEARCHPATH"})
NOT_OBJECTS = SETTINGS | {"DATABASE", "DATABASE PROPERTIES", "TABLE DATA", "SEQUENCE SET", "STATISTICS DATA", "BLOB"}
# What comes with a table: these entries depend on the tables that they are part of.
PARTS = frozenset({
    "CHECK CONSTRAINT", "CONSTRAINT", "DEFAULT", "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "POLICY", "ROW SECURITY",
    "RULE", "SEQUENCE", "STATISTICS", "TABLE ATTACH", "TRIGGER",
})  # fmt: skip
TABLES = frozenset({"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"})
# What comes with any object, which is the first entry that these depend on.
REMARKS = frozenset({"ACL", "COMMENT", "SECURITY LABEL", "SEQUENCE OWNED BY"})
# What joins two objects and changes both: it comes only if both do.
ATTACHMENTS = frozenset({"INDEX ATTACH", "TABLE ATTACH"})
# Settings of the database for which pg_dump gives the schema of the object that they name.
OF_DATABASE = frozenset({"PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"})
DATABASE_TAG = "DATABASE "


@dataclass(frozen=True, slots=True)
class Part:
    """Entries to restore.

    Attributes:
        entries: The entries, in the archive's order.
        needed: Numbers of the entries that chosen ones need without being chosen: the target may have them already.
        is_whole: Whether these are all entries.
    """

    entries: tuple[Entry, ...]
    needed: frozenset[int] = frozenset()
    is_whole: bool = False


def whole(toc: Toc) -> Part:
    """Everything in the archive except the database itself."""
    return Part(tuple(entry for entry in toc.entries if _is_object(entry)), is_whole=True)


def chosen(toc: Toc, tables: Collection[Name], schemas: Collection[str] = (), excluded: Collection[Name] = ()) -> Part:
    """The given tables and everything in the given schemas, with their parts and what they need.

    Tables that are only needed are left out, since their rows would be missing: they must be in the target, or be
    chosen too. A partitioned table is included if all of its partitions are chosen; otherwise a chosen partition
    becomes an ordinary table.

    Args:
        toc: The archive's table of contents.
        tables: The tables.
        schemas: The schemas.
        excluded: Tables of the schemas that are not chosen.
    """
    objects = [entry for entry in toc.entries if _is_object(entry)]
    unwanted = _with_partitions(toc, objects, excluded)
    seeds = {
        entry.number for entry in objects
        if _is_seed(toc, entry, tables, schemas) and entry.number not in unwanted
    }  # fmt: skip
    picked = _with_parts(toc, objects, seeds | _whole_roots(toc, objects, seeds))
    needed = _needs(toc, picked) - picked
    found = _with_remarks(objects, picked, needed)
    return Part(tuple(entry for entry in objects if entry.number in found), frozenset(needed))


def _is_object(entry: Entry) -> bool:
    return entry.kind not in NOT_OBJECTS and not (entry.kind in REMARKS and entry.tag.startswith(DATABASE_TAG))


def _is_seed(toc: Toc, entry: Entry, tables: Collection[Name], schemas: Collection[str]) -> bool:
    """Whether it is chosen by itself, not because of the object that it is a part of or a remark on."""
    if entry.kind == "TABLE" and Name(entry.schema, entry.tag) in tables:
        return True
    if entry.kind in REMARKS | OF_DATABASE or (entry.kind in PARTS and own_tables(toc, entry)):
        return False
    return entry.schema in schemas or (entry.kind == "SCHEMA" and entry.tag in schemas)


def _partitions(toc: Toc, objects: Iterable[Entry]) -> dict[int, set[int]]:
    """The partitions of each partitioned table."""
    partitions: dict[int, set[int]] = {}
    for entry in objects:
        if entry.kind == "TABLE ATTACH":
            children = own_tables(toc, entry)
            for root in set(entry.needs) - children:
                partitions.setdefault(root, set()).update(children)
    return partitions


def _with_partitions(toc: Toc, objects: Sequence[Entry], tables: Collection[Name]) -> set[int]:
    """Tables and all partitions below them."""
    partitions, found = _partitions(toc, objects) if tables else {}, set[int]()
    rest = [entry.number for entry in objects if entry.kind == "TABLE" and Name(entry.schema, entry.tag) in tables]
    while rest:
        found.add(number := rest.pop())
        rest += partitions.get(number, set()) - found
    return found


def _whole_roots(toc: Toc, objects: Iterable[Entry], seeds: Collection[int]) -> set[int]:
    """Partitioned tables all of whose partitions are chosen, from the leaves upwards."""
    partitions, have, roots = _partitions(toc, objects), set(seeds), set[int]()
    while found := {root for root, below in partitions.items() if below <= have} - roots:
        roots |= found
        have |= found
    return roots


def _with_parts(toc: Toc, objects: Iterable[Entry], seeds: Collection[int]) -> set[int]:
    picked = set(seeds)
    for entry in objects:  # an object comes before its parts
        if entry.kind in PARTS and _is_part(toc, entry, picked):
            picked.add(entry.number)
    return picked


def _is_part(toc: Toc, entry: Entry, picked: Collection[int]) -> bool:
    if entry.kind in ATTACHMENTS:
        tables = [needed.number for needed in _needed(toc, entry) if needed.kind in TABLES]
        return bool(tables) and all(table in picked for table in tables)
    return any(table in picked for table in own_tables(toc, entry))


def own_tables(toc: Toc, entry: Entry) -> set[int]:
    """The tables that an entry is part of; not others that it needs, such as the one a foreign key refers to."""
    tables = [needed for needed in _needed(toc, entry) if needed.kind in TABLES]
    named = [table for table in tables if table.schema == entry.schema and f"{entry.tag} ".startswith(f"{table.tag} ")]
    longest = sorted(named, key=lambda table: len(table.tag))[-1:]  # if there are tables `a` and `a b`
    return {table.number for table in longest or tables}


def _needs(toc: Toc, picked: Iterable[int]) -> set[int]:
    seen, rest = set[int](), list(picked)
    while rest:
        for entry in _needed(toc, toc.by_number[rest.pop()]):
            if entry.number not in seen and _comes_along(entry):
                seen.add(entry.number)
                rest.append(entry.number)
    return seen


def _comes_along(entry: Entry) -> bool:
    """Whether it can be made without rows and is not part of a table; any sequence can."""
    return _is_object(entry) and entry.kind != "TABLE" and (entry.kind == "SEQUENCE" or entry.kind not in PARTS)


def _needed(toc: Toc, entry: Entry) -> Iterator[Entry]:
    return (toc.by_number[number] for number in entry.needs if number in toc.by_number)


def _with_remarks(objects: Iterable[Entry], picked: Collection[int], needed: Collection[int]) -> set[int]:
    """With privileges, comments and so on; a sequence that is only needed loses its OWNED BY."""
    found = {*picked, *needed}
    for entry in objects:
        about = entry.needs[:1]
        if entry.kind in REMARKS and found.issuperset(about) and about:
            found |= {entry.number} if entry.kind != "SEQUENCE OWNED BY" or about[0] not in needed else set()
    return found


def is_partitioned(entry: Entry) -> bool:
    """Whether a table is partitioned; pg_dump writes the clause at the beginning of a line."""
    return entry.kind == "TABLE" and "\nPARTITION BY " in entry.statement
