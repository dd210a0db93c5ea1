"""What became of a table's schema while the table was read."""

from collections.abc import Iterator
from dataclasses import replace

from transforms.bigtable.catalog.schema import TableSchema
from transforms.errors import RefusedError


def united(table: str, begun: TableSchema, ended: TableSchema) -> TableSchema:
    """The schema that holds for rows of the whole time: what was there at first, and the families that came.

    The service tells no time of a table's creation. A table that was dropped and made anew shows where a family went
    or changed its type, or timestamps are kept otherwise; made anew in the same form it cannot be told.

    Args:
        table: The table's name, for the error.
        begun: Its schema before the first row was read.
        ended: Its schema after the last one.

    Raises:
        RefusedError: if what was there at first is there no more.
    """
    problems = list(_losses(begun, ended))
    if problems:
        raise RefusedError(
            f"table {table} is not the one any more whose backup was begun: {'; '.join(problems)}. Rows from before and"
            " after fit into no one table. Take a new backup when nobody changes it."
        )
    families = {**ended.families, **begun.families}
    return replace(begun, families={name: families[name] for name in sorted(families)})


def _losses(begun: TableSchema, ended: TableSchema) -> Iterator[str]:
    for name, family in begun.families.items():
        other = ended.families.get(name)
        if other is None:
            yield f"family {name} is gone"
        elif other.declared_type() != family.declared_type():
            yield f"family {name} held {family.kind} and holds {other.kind}"
    if begun.granularity != ended.granularity:
        yield f"timestamps were kept in {begun.granularity} and are in {ended.granularity}"
