"""Whether the target already has an object that the restoring role may not create.

The server checks the right to create in a schema before it looks for the name, so its error does not say.
"""

from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import Name, literal

# The functions that find an object by its name (PostgreSQL's documentation, 9.27.8), by kind of entry.
_FINDERS = {
    **dict.fromkeys(("DOMAIN", "TYPE"), "to_regtype"),
    **dict.fromkeys(("FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE", "VIEW"), "to_regclass"),
    **dict.fromkeys(("AGGREGATE", "FUNCTION", "PROCEDURE"), "to_regprocedure"),
    "COLLATION": "to_regcollation",
}


def presence_query(entry: Entry) -> str:
    """The query whose one row says whether an entry's object exists; empty for kinds without such a function."""
    finder = _FINDERS.get(entry.kind, "")
    signature = entry.drop.strip().removeprefix(f"DROP {entry.kind} ").removesuffix(";")
    name = signature if finder == "to_regprocedure" else str(Name(entry.schema, entry.tag))
    return f"SELECT pg_catalog.{finder}({literal(name).text}) IS NOT NULL" if finder else ""
