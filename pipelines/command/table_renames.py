"""Which tables of a backup are restored, and under which names."""

from collections.abc import Sequence

from transforms.errors import NotFoundError, UsageError
from transforms.source import Assignment
from transforms.vault.manifest import Manifest


def assign(wanted: Sequence[str], manifest: Manifest) -> tuple[list[int], list[Assignment]]:
    """The places in the manifest and the assignments that `SRC` and `SRC:DST` select; all tables if none is named.

    Raises:
        NotFoundError: if the backup has no such table.
        UsageError: if two tables would go to one, or one table twice.
    """
    names = [entry.table.name for entry in manifest.tables]
    renames = _renames(wanted) if wanted else {name: name for name in names}
    missing = [source for source in renames if source not in names]
    if missing:
        raise NotFoundError(f"--table={missing[0]}: the backup has no such table. It has: {', '.join(names)}.")
    places = [place for place, name in enumerate(names) if name in renames]
    return places, [Assignment(manifest.tables[place].table, renames[names[place]]) for place in places]


def _renames(wanted: Sequence[str]) -> dict[str, str]:
    renames: dict[str, str] = {}
    for item in wanted:
        source, colon, destination = item.partition(":")
        if not source or (colon and not destination) or source in renames:
            raise UsageError(f"--table={item}: write SRC or SRC:DST, each SRC once")
        renames[source] = destination or source
    if len(set(renames.values())) < len(renames):
        raise UsageError("--table: two tables cannot be restored into one; give each its own SRC:DST")
    return renames
