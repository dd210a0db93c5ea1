"""Which tables of a backup are restored, and under which names."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from transforms.errors import NotFoundError, UsageError
from transforms.identity import Table
from transforms.postgres.catalog.relation import check_names
from transforms.postgres.names.identifiers import Name, name_list, parse_name, parse_segments
from transforms.postgres.names.pattern import parse_patterns
from transforms.postgres.names.selection import Candidate, Selection, matches
from transforms.postgres.objects.renames import Renames
from transforms.source import Assignment
from transforms.vault.format.manifest import Manifest


def parse_renames(tables: Sequence[str], schemas: Sequence[str] = (), exclude_table: str = "") -> Renames:
    """What `--table=S.T[:S.T],..`, `--schema=S[:S],..` and `--exclude_table=S.T,..` ask for.

    Raises:
        UsageError: if a name is invalid, a glob is given a new name, or two tables or schemas would get the same one.
    """
    chosen = Selection(
        tuple(pattern for text in schemas for pattern in parse_patterns(_source(text, "schema"), "schema", 1)),
        tuple(pattern for text in tables for pattern in parse_patterns(_source(text, "table"), "table", 2)),
        parse_patterns(exclude_table, "exclude_table", 2),
    )
    named = [_pair(text, "table", 2) for text in tables if _target(text, "table")]
    moved = [_pair(text, "schema", 1) for text in schemas if _target(text, "schema")]
    _require_distinct("table", named)
    _require_distinct("schema", moved)
    return Renames(
        tuple((Name(*old), Name(*new)) for old, new in named), tuple((old[0], new[0]) for old, new in moved), chosen
    )


def _source(text: str, option: str) -> str:
    return text.removesuffix(_rest(text, option))


def _target(text: str, option: str) -> str:
    return _rest(text, option).strip()


def _rest(text: str, option: str) -> str:
    """The text after the first name: nothing, or a colon and the new name."""
    _, rest = parse_segments(text, option)
    if rest.strip() and not rest.strip().startswith(":"):
        raise UsageError(f"--{option}={text}: write {_form(option)}, quoted as SQL quotes names.")
    return rest


def _form(option: str) -> str:
    return "SCHEMA or SCHEMA:SCHEMA" if option == "schema" else "SCHEMA.TABLE or SCHEMA.TABLE:SCHEMA.TABLE"


def _pair(text: str, option: str, parts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    segments, rest = parse_segments(text, option)
    if any(sign in segment.text for part in segments for segment in part if not segment.is_quoted for sign in "*?"):
        raise UsageError(f"--{option}={text}: a glob gets no new name. Name each {option} with the name that it gets.")
    source, target = parse_name(text.removesuffix(rest).strip(), option), parse_name(rest.strip()[1:].strip(), option)
    if len(source) != parts or len(target) != parts:
        raise UsageError(f"--{option}={text}: write {_form(option)}, quoted as SQL quotes names.")
    return source, target


def _require_distinct(option: str, pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    for side in (0, 1):
        if twice := _repeated(".".join(pair[side]) for pair in pairs):
            each = "Name every one, and every new name, once."
            raise UsageError(f"--{option} names {name_list(twice)} twice. {each}")


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def assign(renames: Renames, manifest: Manifest) -> tuple[list[int], list[Assignment]]:
    """The places in the manifest of the tables to restore, and where they go.

    Without any names these are all tables. A partitioned table means all of its partitions.

    Raises:
        NotFoundError: if the backup has no rows of a named table or schema.
        UsageError: if two tables would get the same name.
        IntegrityError: if the manifest does not name its tables.
    """
    return assign_tables(renames, [check_names(entry.table) for entry in manifest.tables])


def assign_tables(renames: Renames, tables: Sequence[Table]) -> tuple[list[int], list[Assignment]]:
    """As `assign`, for the tables of a backup in its order."""
    places = [place for place, table in enumerate(tables) if _selects(renames, table)]
    _require_found(renames, [each for table in tables for each in _candidates(table)])
    assignments = [Assignment(tables[place], _destination(renames, tables[place])) for place in places]
    if twice := _repeated(assignment.destination for assignment in assignments):
        raise UsageError(f"--table and --schema give {name_list(twice)} to two tables. Give each its own name.")
    return places, assignments


def _selects(renames: Renames, table: Table) -> bool:
    candidates = list(_candidates(table))
    return all(map(renames.takes_table, candidates)) if candidates else not renames


def _candidates(table: Table) -> Iterator[Candidate]:
    """The table with the partitioned ones that it is a part of; nothing for what is no table, such as large objects."""
    schema = table.schema
    if schema["kind"] == "table":
        above = [schema["partition_root"], *schema["parents"]] if schema["partition_root"] else []
        yield Candidate(Name(schema["schema"], schema["name"]), tuple(Name(*each) for each in above))


def _require_found(renames: Renames, known: Sequence[Candidate]) -> None:
    chosen = renames.chosen
    names = {(name.schema, name.name) for candidate in known for name in candidate.names}
    schemas = {schema for schema, _ in names}
    missing = [
        pattern for pattern in (*chosen.tables, *chosen.excluded)
        if pattern.literal not in names and (pattern.literal or not matches(pattern, known))
    ]  # fmt: skip
    missing += [pattern for pattern in chosen.schemas if not any(map(pattern.matches, schemas))]
    if missing:
        has = name_list(sorted({name for candidate in known for name in candidate.names}))
        raise NotFoundError(f"The backup has no rows of {', '.join(map(str, missing))}. It has: {has}.")


def _destination(renames: Renames, table: Table) -> str:
    """The name in the target, for people."""
    if table.schema["kind"] != "table":
        return table.name
    name = renames.name(Name(table.schema["schema"], table.schema["name"]))
    return f"{name.schema}.{name.name}"
