"""Which tables of a Bigtable backup are restored, and under which names."""

from collections import Counter
from collections.abc import Sequence

from transforms.bigtable.catalog.table_glob import is_glob, matching
from transforms.errors import NotFoundError, UsageError
from transforms.identity import Table
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest


def assign(
    wanted: Sequence[str], manifest: Manifest, excluded: Sequence[str] = ()
) -> tuple[list[int], list[Assignment]]:
    """The places in the manifest and the assignments that `SRC` and `SRC:DST` select; all tables if none is named.

    Args:
        wanted: Ids or globs of tables, or an id with the new one: `SRC:DST`.
        manifest: The backup's.
        excluded: Ids or globs of tables that are not restored.

    Raises:
        NotFoundError: if the backup has no such table.
        UsageError: if two tables would go to one, a table is named twice, or a glob is given a new name.
    """
    return assign_tables(wanted, [entry.table for entry in manifest.tables], excluded)


def assign_tables(
    wanted: Sequence[str], tables: Sequence[Table], excluded: Sequence[str] = ()
) -> tuple[list[int], list[Assignment]]:
    """As `assign`, for the tables of a backup in its order."""
    names = [table.name for table in tables]
    out = {name for pattern in excluded for name in _found(pattern, names, "exclude_table")}
    targets = _targets(wanted or names, names)
    places = [place for place, name in enumerate(names) if name in targets and name not in out]
    assignments = [Assignment(tables[place], targets[names[place]]) for place in places]
    if len({each.destination for each in assignments}) < len(assignments):
        raise UsageError("--table: two tables cannot be restored into one; give each its own SRC:DST")
    if not places:
        raise NotFoundError("--exclude_table leaves out all tables that --table selects.")
    return places, assignments


def _targets(wanted: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The name in the target of each selected table; a new name has precedence over globs."""
    known, targets = set(names), dict[str, str]()
    for item in wanted:
        source, colon, destination = item.partition(":")
        if not source or (colon and not destination):
            raise UsageError(f"--table={item}: write SRC or SRC:DST, each SRC once")
        if colon and is_glob(source):
            raise UsageError(f"--table={item}: a glob gets no new name. Name each table with the one that it gets.")
        for name in [source] if source in known else _found(source, names, "table"):
            targets[name] = destination if colon else targets.get(name, name)
    if twice := [source for source, times in Counter(map(_source, wanted)).items() if times > 1]:
        raise UsageError(f"--table={twice[0]}: write SRC or SRC:DST, each SRC once")
    return targets


def _source(item: str) -> str:
    return item.partition(":")[0]


def _found(pattern: str, names: Sequence[str], option: str) -> list[str]:
    if found := matching(pattern, names):
        return found
    has = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    raise NotFoundError(f"--{option}={pattern}: the backup has no such table. It has: {has}.")
