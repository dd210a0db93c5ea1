"""What a restore that broke off has left in an instance, for people."""

from collections.abc import Iterator, Sequence

from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import TableSchema
from transforms.bigtable.server.instance import Instance

MOST = 20
"""Tables that are named, and whose commands are printed: a screen of them."""


def listed(names: Sequence[str]) -> str:
    """Names of tables, not too many."""
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def commands(instance: Instance, table: str, schema: TableSchema, mark: RestoreMark) -> Iterator[str]:
    """The commands of `cbt` that make a finished table of one that was left half done, as it is."""
    cbt = f"cbt -project {instance.project} -instance {instance.instance}"
    for name, family in schema.families.items():
        if family.gc is not None:
            yield f'{cbt} setgcpolicy {table} {name} "{gc_rule.cbt_policy(family.gc)}"'
    yield f"{cbt} deletefamily {table} {mark.family}"
