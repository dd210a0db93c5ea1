"""Messages about what a failed restore has left in an instance."""

from collections.abc import Iterator, Sequence

from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import TableSchema
from transforms.bigtable.server.instance import Instance

MOST = 20
"""Most tables to name and to print commands for: about a screen."""


def listed(names: Sequence[str]) -> str:
    """Names of tables, `MOST` at most."""
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def commands(instance: Instance, table: str, schema: TableSchema, mark: RestoreMark) -> Iterator[str]:
    """The `cbt` commands that finish a half-restored table with the rows it has."""
    cbt = f"cbt -project {instance.project} -instance {instance.instance}"
    for name, family in schema.families.items():
        if family.gc is not None:
            yield f'{cbt} setgcpolicy {table} {name} "{gc_rule.cbt_policy(family.gc)}"'
    yield f"{cbt} deletefamily {table} {mark.family}"
