"""The search path under which a restore loads rows and makes what follows them: `--search_path`.

An archive's statements have all names with their schemas. Functions that the database calls while rows are written or
indexes are made may have bodies that do not: then they need the path that they had in the source.
"""

from collections.abc import Iterable

from transforms.errors import UsageError
from transforms.postgres.inventory.database_properties import DatabaseProperties, list_items
from transforms.postgres.names.identifiers import always_quoted, parse_name, quoted
from transforms.postgres.objects.step import encoded

Path = tuple[str, ...]

OPTION = "search_path"
# What the server says of names that it does not find: schema, table, function or operator, object such as a type.
NOT_FOUND = frozenset({"3F000", "42P01", "42883", "42704"})
LEAVE = b"SET LOCAL search_path = ''"


def parse_search_path(items: Iterable[str]) -> Path:
    """The schemas of `--search_path`.

    Raises:
        UsageError: if an item is no name of a schema.
    """
    return tuple(_schema(item) for item in items)


def _schema(item: str) -> str:
    parts = parse_name(item, OPTION)
    if len(parts) > 1:
        raise UsageError(f"--{OPTION}={item}: name a schema, without anything in it.")
    return parts[0]


def local(path: Path) -> bytes:
    """The statement that sets the path until the transaction ends; empty if there is none to set."""
    return encoded(f"SET LOCAL search_path = {', '.join(map(always_quoted, path))};") if path else b""


def proposal(properties: DatabaseProperties, path: Path, codes: Iterable[str]) -> str:
    """What to do about errors of these codes: the path that the source has, if that may help and is not in use.

    Args:
        properties: Of the database that was backed up.
        path: What is in use.
        codes: The server's.
    """
    if not NOT_FOUND.intersection(codes):
        return ""
    found = [each.value for each in properties.settings if (each.role, each.name) == ("", "search_path")]
    wanted = tuple(list_items(found[0])) if found else ("public",)
    if wanted == path:
        return ""
    words = ", ".join(map(quoted, wanted))
    whose = "the setting of the database that was backed up" if found else "the usual path"
    return f"If a function calls others by bare names, say where it may look: --search_path='{words}' is {whose}."
