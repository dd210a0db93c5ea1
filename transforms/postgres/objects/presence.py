"""Whether the target has an object already, where a role may not make it and so is not asked.

The server looks at the right to create in a schema before it looks for the name.
"""

from transforms.postgres.archive.toc import Entry
from transforms.postgres.names.identifiers import Name, literal

# The functions that find an object by its name (9.27.8 of PostgreSQL's documentation), by kinds of entries.
_FINDERS = {
    **dict.fromkeys(("DOMAIN", "TYPE"), "to_regtype"),
    **dict.fromkeys(("FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE", "VIEW"), "to_regclass"),
    **dict.fromkeys(("AGGREGATE", "FUNCTION", "PROCEDURE"), "to_regprocedure"),
    "COLLATION": "to_regcollation",
}


def presence_query(entry: Entry) -> str:
    """The query that tells in one row whether an entry's object is there; empty for kinds of which it is not known."""
    finder = _FINDERS.get(entry.kind, "")
    signature = entry.drop.strip().removeprefix(f"DROP {entry.kind} ").removesuffix(";")
    name = signature if finder == "to_regprocedure" else str(Name(entry.schema, entry.tag))
    return f"SELECT pg_catalog.{finder}({literal(name).text}) IS NOT NULL" if finder else ""
