"""Tries some rows of each table that calls functions when rows are written, and rolls them back.

A domain's check, a CHECK constraint, a generated column or the key of a partitioned table may call a function that does
not find in the target what its body names. Then no row of the table can be loaded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from transforms.postgres.codec.copy_encoder import encode_binary, encode_text
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects.renames import EVERYTHING, Renames
from transforms.postgres.objects.step_runner import is_fatal
from transforms.postgres.restore.load_plan import BINARY, LoadPlan, load_plan
from transforms.postgres.restore.search_path import Path, local
from transforms.postgres.server.errors import said
from transforms.postgres.server.session import Connection
from transforms.source import NO_SAMPLES, Assignment, Samples

# Each table whose rows call functions that are not built in, with all these functions as one text. A domain's check is
# also called by domains over it and by arrays, composite types and ranges of it.
_CALLING = b"""
    WITH RECURSIVE calling AS (
        SELECT d.classid, d.objid, pg_catalog.string_agg(d.refclassid || '.' || d.refobjid, ' '
            ORDER BY d.refclassid, d.refobjid) AS called
        FROM pg_catalog.pg_depend d
        WHERE d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
            AND d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass,
                'pg_catalog.pg_class'::regclass)
        GROUP BY d.classid, d.objid
    ), made_of (type, part) AS (
        SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typbasetype <> 0
        UNION ALL SELECT t.oid, t.typelem FROM pg_catalog.pg_type t WHERE t.typelem <> 0
        UNION ALL SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range r
        UNION ALL
        SELECT c.reltype, a.atttypid
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
        WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
    ), checked (type, called) AS (
        SELECT k.contypid, x.called
        FROM pg_catalog.pg_constraint k
            JOIN calling x ON x.classid = 'pg_catalog.pg_constraint'::regclass AND x.objid = k.oid
        WHERE k.contypid <> 0
        UNION
        SELECT m.type, checked.called FROM checked JOIN made_of m ON m.part = checked.type
    ), calls (relation, called) AS (
        SELECT k.conrelid, x.called
        FROM pg_catalog.pg_constraint k
            JOIN calling x ON x.classid = 'pg_catalog.pg_constraint'::regclass AND x.objid = k.oid
        WHERE k.conrelid <> 0 AND k.contype = 'c'
        UNION ALL
        SELECT a.attrelid, x.called
        FROM pg_catalog.pg_attribute a
            JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
            JOIN calling x ON x.classid = 'pg_catalog.pg_attrdef'::regclass AND x.objid = f.oid
        WHERE a.attgenerated <> ''
        UNION ALL
        SELECT a.attrelid, checked.called
        FROM pg_catalog.pg_attribute a JOIN checked ON checked.type = a.atttypid
        WHERE a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT t.relid, x.called
        FROM pg_catalog.pg_partitioned_table p
            JOIN calling x ON x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = p.partrelid,
            LATERAL pg_catalog.pg_partition_tree(p.partrelid) t
        WHERE p.partexprs IS NOT NULL
    )
    SELECT n.nspname::text, c.relname::text, pg_catalog.string_agg(DISTINCT calls.called, ' ')
    FROM calls JOIN pg_catalog.pg_class c ON c.oid = calls.relation
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A table whose rows the target does not take, with the server's message and SQLSTATE."""

    table: Name
    words: str
    code: str

    def __str__(self) -> str:
        """The refusal, for messages."""
        return f"rows of {self.table}: {self.words}"


@dataclass(frozen=True, slots=True)
class RowTrial:
    """The rows to try.

    Attributes:
        assignments: The tables.
        samples: The first rows of each.
        path: The search path under which rows are loaded.
        renames: The names that tables get.
    """

    assignments: tuple[Assignment, ...] = ()
    samples: Samples = NO_SAMPLES
    path: Path = ()
    renames: Renames = EVERYTHING

    def refusals(self, connection: Connection) -> list[Refusal]:
        """The tables that do not take their rows; of tables that call the same functions one is tried.

        Args:
            connection: In a transaction in which the tables were made; the rows are rolled back.
        """
        found = (_try(connection, self.path, plan, records) for plan, records in self._chosen(connection))
        return [refusal for refusal in found if refusal is not None]

    def _chosen(self, connection: Connection) -> Iterator[tuple[LoadPlan, bytes]]:
        calling = {Name(schema, name): called for schema, name, called in connection.execute(_CALLING)}
        seen = set[str]()
        for assignment in self.assignments if calling else ():  # most databases have none; this runs for each batch
            called = calling.get(self.renames.made(Name(*assignment.table.parts)), "")
            if called and called not in seen and (records := self.samples.records(assignment.table)):
                seen.add(called)
                yield load_plan(assignment.table, self.renames), records


def _try(connection: Connection, path: Path, plan: LoadPlan, records: bytes) -> Refusal | None:
    data = (encode_binary if plan.route == BINARY else encode_text)(plan.program, records)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(local(path))
            with connection.cursor().copy(plan.statement) as copy:
                copy.write(data)
    except psycopg.Error as error:
        if is_fatal(error):
            raise
        context = " ".join((error.diag.context or "").split())
        return Refusal(plan.into, f"{said(error)}{f' {context}.' if context else ''}", error.sqlstate or "")
    return None
