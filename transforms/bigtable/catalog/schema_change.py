"""How a table's schema changed while the table was read."""

from collections.abc import Iterator
from dataclasses import replace

from transforms.bigtable.catalog.schema import TableSchema
from transforms.errors import RefusedError


def united(table: str, begun: TableSchema, ended: TableSchema) -> TableSchema:
    """The schema that fits all rows: the families at the beginning, and those that were added meanwhile.

    The service does not say when a table was created. A table that was dropped and created again is noticed if a
    family is missing or has another type, or if the granularity of timestamps changed; else it is not noticed.

    Args:
        table: The table's name, for the error.
        begun: Its schema before the first row was read.
        ended: Its schema after the last one.

    Raises:
        RefusedError: if a family is gone or has changed its type, or the granularity has changed.
    """
    problems = list(_losses(begun, ended))
    if problems:
        raise RefusedError(
            f"table {table} is not the one any more whose backup was begun: {'; '.join(problems)}. Rows from before and"
            " after do not fit into one table. Take a new backup when nobody changes it."
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
