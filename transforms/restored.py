"""What a restore has written: of parts of tables, of tables, and as a whole."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from transforms.other_tables import OtherTables
from transforms.skipped import Skipped
from transforms.source import Ending


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a table: rows, and values that the target's rules will remove at once."""

    rows: int = 0
    expired: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.rows + other.rows, self.expired + other.expired)


WrittenTables: TypeAlias = Mapping[int, Written]
"""What was written of some tables, by their places in the manifest."""


@dataclass(frozen=True, slots=True)
class RestoredTable:
    """A restored table."""

    table: str
    destination: str
    rows: int
    expired: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done: its tables, the target's notes on the whole, and which other tables are damaged."""

    tables: tuple[RestoredTable, ...]
    ending: Ending
    others: OtherTables = field(default_factory=OtherTables)


def sum_written(parts: Iterable[WrittenTables]) -> dict[int, Written]:
    """The sums of what was written, by table."""
    total: dict[int, Written] = {}
    for part in parts:
        for place, written in part.items():
            total[place] = total.get(place, Written()) + written
    return total


def restored_json(restored: Restored) -> dict[str, Any]:
    """What was restored, as a JSON object."""
    tables = [asdict(table) for table in restored.tables]
    return {"tables": tables, **asdict(restored.ending), "others": asdict(restored.others)}


def restored_of(value: Mapping[str, Any]) -> Restored:
    """The inverse of `restored_json`."""
    tables = tuple(RestoredTable(**{**table, "notes": tuple(table["notes"])}) for table in value["tables"])
    ending = Ending(tuple(value["notes"]), tuple(Skipped(**each) for each in value["skipped"]))
    others = value["others"]
    return Restored(tables, ending, OtherTables(**{**others, "damaged": tuple(others["damaged"])}))
