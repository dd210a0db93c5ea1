"""The mark of a table that a restore has made and not finished: a column family of a telling name, without cells.

It comes with the table, in one call, and goes in the very call that sets the saved garbage collection rules. So
whoever finds it, hours later and on another machine, knows that the table is not whole, of which backup it is, and
that the rules are still to be set. The service has no labels on tables, and a row would be in everybody's way.
"""

import hashlib
import re
from dataclasses import dataclass, replace

from transforms.bigtable.catalog.schema import TableSchema

_FORM = re.compile(r"shardkeep-restoring-([0-9]{8}T[0-9]{6}Z-[0-9a-f]{6})-([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class RestoreMark:
    """Whose restore a table is.

    Attributes:
        backup: Id of the backup.
        table: The first digits of the SHA-256 of the backed-up table's name: its id may be longer than a family's.
    """

    backup: str
    table: str

    @classmethod
    def of(cls, backup: str, table: str) -> "RestoreMark":
        """The mark of a table of a backup, by its name there."""
        return cls(backup, hashlib.sha256(table.encode()).hexdigest()[:8])

    @property
    def family(self) -> str:
        """The family's name; it has 52 of the 64 characters that the service allows."""
        return f"shardkeep-restoring-{self.backup}-{self.table}"


def take_off(schema: TableSchema) -> tuple[TableSchema, RestoreMark | None]:
    """A schema without the mark, and the mark if it has one."""
    found = [match for name in schema.families if (match := _FORM.fullmatch(name))]
    families = {name: family for name, family in schema.families.items() if not _FORM.fullmatch(name)}
    return replace(schema, families=families), RestoreMark(*found[0].groups()) if found else None
