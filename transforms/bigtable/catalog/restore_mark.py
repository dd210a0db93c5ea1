"""The mark of a table that a restore has created and not finished: a column family without cells.

It is created with the table, in one call, and dropped in the same call that sets the saved garbage collection rules.
So its name tells, hours later and on another machine, that the table is incomplete, from which backup it comes, and
that the rules are not set yet. Bigtable has no labels on tables, and a row as a mark would show up in every scan.
"""

import hashlib
import re
from dataclasses import dataclass, replace

from transforms.bigtable.catalog.schema import TableSchema

_FORM = re.compile(r"shardkeep-restoring-([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})-([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class RestoreMark:
    """Which backup and table a half-restored table comes from.

    Attributes:
        backup: Id of the backup.
        table: The first 8 hex digits of the SHA-256 of the table's id in the backup, which may be too long for a
            family's name.
    """

    backup: str
    table: str

    @classmethod
    def of(cls, backup: str, table: str) -> "RestoreMark":
        """The mark of a table of a backup, by its name there."""
        return cls(backup, hashlib.sha256(table.encode()).hexdigest()[:8])

    @property
    def family(self) -> str:
        """The family's name: 52 characters of the 64 that the service allows."""
        return f"shardkeep-restoring-{self.backup}-{self.table}"


def take_off(schema: TableSchema) -> tuple[TableSchema, RestoreMark | None]:
    """A schema without the mark, and the mark if it has one."""
    found = [match for name in schema.families if (match := _FORM.fullmatch(name))]
    families = {name: family for name, family in schema.families.items() if not _FORM.fullmatch(name)}
    return replace(schema, families=families), RestoreMark(*found[0].groups()) if found else None
