"""The keys by which tables may be read: see `KEYS` for what makes one usable."""

from collections.abc import Iterable, Sequence

from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.queries import BASE_TYPE, DEFAULT_VERSION, KEY_COLUMN, KEYS
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.server.session import Connection, major_of

_SINCE_DEFAULT_VERSION = 15


def usable_keys(connection: Connection, relations: Sequence[Relation]) -> dict[int, Key]:
    """For each table's oid its best usable key: the primary key, else one of the fewest columns."""
    version = DEFAULT_VERSION if major_of(connection) >= _SINCE_DEFAULT_VERSION else "true"
    query = KEYS.format(column=KEY_COLUMN.format(base=BASE_TYPE), version=version).encode()
    places = {relation.oid: _places(relation) for relation in relations}
    rows = connection.execute(query, [list(places)]).fetchall()
    return dict(_best(rows, places))


def _places(relation: Relation) -> dict[int, int]:
    return {column.number: place for place, column in enumerate(relation.columns)}


def _best(
    rows: "Iterable[tuple[int, str, list[int], str]]", places: "dict[int, dict[int, int]]"
) -> "list[tuple[int, Key]]":
    """The best key of each table: rows come best first, so they are written in reverse and overwritten."""
    return [
        (oid, Key(index, tuple(places[oid][number] for number in numbers), operators))
        for oid, index, numbers, operators in reversed(list(rows))
        if all(number in places[oid] for number in numbers)
    ]
