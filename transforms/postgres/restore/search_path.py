"""The search path with which a restore loads rows and makes what follows them: `--search_path`.

An archive's statements name everything with its schema. The bodies of functions that are called while rows are written
or indexes are made may not: then they need the search path that they had in the source.
"""

from collections.abc import Iterable

from transforms.errors import UsageError
from transforms.postgres.inventory.database_properties import DatabaseProperties, list_items
from transforms.postgres.names.identifiers import always_quoted, parse_name, quoted
from transforms.postgres.objects.step import encoded

Path = tuple[str, ...]

OPTION = "search_path"
# The server's SQLSTATEs for an unknown schema, table, function or operator, and other object such as a type.
NOT_FOUND = frozenset({"3F000", "42P01", "42883", "42704"})
LEAVE = b"SET LOCAL search_path = ''"


def parse_search_path(items: Iterable[str]) -> Path:
    """The schemas of `--search_path`.

    Raises:
        UsageError: if an item is not the name of a schema.
    """
    return tuple(_schema(item) for item in items)


def _schema(item: str) -> str:
    parts = parse_name(item, OPTION)
    if len(parts) > 1:
        raise UsageError(f"--{OPTION}={item}: name a schema, without anything in it.")
    return parts[0]


def local(path: Path) -> bytes:
    """The statement that sets the path until the transaction ends; empty if the path is empty."""
    return encoded(f"SET LOCAL search_path = {', '.join(map(always_quoted, path))};") if path else b""


def proposal(properties: DatabaseProperties, path: Path, codes: Iterable[str]) -> str:
    """Advice about errors with these codes: the source's search path, if it may help and is not in use; else empty.

    Args:
        properties: Of the database that was backed up.
        path: The path in use.
        codes: The server's SQLSTATEs.
    """
    if not NOT_FOUND.intersection(codes):
        return ""
    found = [each.value for each in properties.settings if (each.role, each.name) == ("", "search_path")]
    wanted = tuple(list_items(found[0])) if found else ("public",)
    if wanted == path:
        return ""
    words = ", ".join(map(quoted, wanted))
    whose = "the setting of the database that was backed up" if found else "the usual path"
    return f"If a function uses names without schemas, set the search path: --search_path='{words}' is {whose}."
