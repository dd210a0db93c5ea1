"""Which tables of a backup are restored, and under which names."""

from collections.abc import Iterable, Sequence

from transforms.errors import NotFoundError, UsageError
from transforms.identity import Table
from transforms.postgres.identifiers import Name, always_quoted, name_list, parse_name, parse_pieces
from transforms.postgres.renames import Renames
from transforms.source import Assignment
from transforms.vault.manifest import Manifest


def parse_renames(tables: Sequence[str], schema: str | None) -> Renames:
    """What `--table=S.T[:S.T],..` and `--schema=S[:S]` ask for; what keeps its name is renamed to itself.

    Raises:
        UsageError: if a name is none, or two tables would get the same.
    """
    pairs = [_pair(text, "table", 2) for text in tables]
    schemas = [_pair(schema, "schema", 1)] if schema is not None else []
    renames = Renames(
        tuple((Name(*old), Name(*new)) for old, new in pairs), tuple((old[0], new[0]) for old, new in schemas)
    )
    for side in (0, 1):
        names = [pair[side] for pair in renames.tables]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"--table names {name_list(twice)} twice. Name every table, and every new name, once.")
    return renames


def _pair(text: str, option: str, parts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    _, rest = parse_pieces(text, option)
    source = parse_name(text.removesuffix(rest) if rest else text, option)
    target = parse_name(rest[1:], option) if rest.startswith(":") else source
    if (rest and not rest.startswith(":")) or len(source) != parts or len(target) != parts:
        form = "SCHEMA.TABLE or SCHEMA.TABLE:SCHEMA.TABLE" if parts > 1 else "SCHEMA or SCHEMA:SCHEMA"
        raise UsageError(f"--{option}={text}: write {form}, quoted as SQL quotes names.")
    return source, target


def assign(renames: Renames, manifest: Manifest) -> tuple[list[int], list[Assignment]]:
    """The places in the manifest of the tables to restore, and where they go.

    Without any names that is everything. A partitioned table stands for all of its partitions.

    Raises:
        NotFoundError: for a table or schema of which the backup has nothing.
    """
    return assign_tables(renames, [entry.table for entry in manifest.tables])


def assign_tables(renames: Renames, tables: Sequence[Table]) -> tuple[list[int], list[Assignment]]:
    """The same for the tables of a backup in its order."""
    chosen = [place for place, table in enumerate(tables) if not renames or _selects(renames, table)]
    _require_found(renames, [tables[place] for place in chosen], tables)
    return chosen, [Assignment(tables[place], _destination(renames, tables[place])) for place in chosen]


def _selects(renames: Renames, table: Table) -> bool:
    return bool(_names(table).intersection(old for old, _ in renames.tables)) or (
        table.schema["kind"] == "table" and table.schema["schema"] in dict(renames.schemas)
    )


def _names(table: Table) -> set[Name]:
    """Its own name, and that of the partitioned table that it is a part of."""
    if table.schema["kind"] != "table":
        return set()
    root = table.schema["partition_root"]
    return {Name(table.schema["schema"], table.schema["name"]), *([Name(*root)] if root else [])}


def _require_found(renames: Renames, chosen: Iterable[Table], tables: Iterable[Table]) -> None:
    found = {name for table in chosen for name in _names(table)}
    schemas = {name.schema for name in found}
    missing = [f"--table={old}" for old, _ in renames.tables if old not in found]
    missing += [f"--schema={always_quoted(old)}" for old, _ in renames.schemas if old not in schemas]
    if missing:
        has = name_list(sorted({name for table in tables for name in _names(table)}))
        raise NotFoundError(f"The backup has no rows of {', '.join(missing)}. It has: {has}.")


def _destination(renames: Renames, table: Table) -> str:
    """The name in the target, as people know tables."""
    if table.schema["kind"] != "table":
        return table.name
    name = renames.name(Name(table.schema["schema"], table.schema["name"]))
    return f"{name.schema}.{name.name}"
