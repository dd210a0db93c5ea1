"""Queries of the server's catalog; every text is cast to `text`, every name is exact.

The catalogs are those of PostgreSQL 12 to 18, chapter "System Catalogs" of its manual.
"""

from transforms.postgres.names.reserved import LEDGER

# The ledger of a restore belongs to that restore, not to the database.
# No user can create a schema whose name begins with pg_: these are the server's, and those of temporary tables.
SCHEMAS = f"""
    SELECT n.nspname::text FROM pg_catalog.pg_namespace n
    WHERE NOT pg_catalog.starts_with(n.nspname::text, 'pg_') AND n.nspname NOT IN ('information_schema', '{LEDGER}')
    ORDER BY 1
"""  # noqa: S608

# Everything that has rows, or represents something that has. Tables of extensions are created and filled by their
# scripts, but for those that an extension configures to be dumped, with its condition (pg_extension.extconfig).
TABLES = f"""
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, c.relispartition,
        COALESCE(a.amname::text, ''),
        CASE WHEN d.refobjid IS NULL THEN '' ELSE x.condition END,
        d.refobjid IS NOT NULL
    FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
        LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
            AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
        LEFT JOIN LATERAL (
            SELECT COALESCE(u.condition, '') AS condition
            FROM pg_catalog.pg_extension e, LATERAL unnest(e.extconfig, e.extcondition) u(oid, condition)
            WHERE e.oid = d.refobjid AND u.oid = c.oid) x ON true
    WHERE c.relkind IN ('r', 'p', 'f', 'm') AND n.nspname NOT IN ('information_schema', '{LEDGER}')
        AND (c.relpersistence = 't' OR NOT pg_catalog.starts_with(n.nspname::text, 'pg_'))
    ORDER BY 2, 3
"""  # noqa: S608

# Also of partitions: there the one parent is the partitioned table.
PARENTS = """
    SELECT i.inhrelid, i.inhparent, n.nspname::text, c.relname::text, COALESCE(p.partstrat::text, '')
    FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema'
    ORDER BY i.inhrelid, i.inhseqno
"""

# A table that is dropped between two questions answers NULL everywhere.
ACCESS = """
    SELECT c.oid,
        COALESCE(pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'), true),
        COALESCE(pg_catalog.has_table_privilege(c.oid, 'SELECT'), true),
        COALESCE(pg_catalog.row_security_active(c.oid), false)
    FROM pg_catalog.pg_class c WHERE c.oid = ANY(%s)
"""

SIZES = """
    SELECT c.oid,
        COALESCE(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::int8,
        COALESCE(pg_catalog.pg_table_size(c.oid), 0), c.reltuples::float8
    FROM pg_catalog.pg_class c WHERE c.oid = ANY(%s)
"""

# Dropped and generated columns have no values of their own. A domain's values are those of the type below all
# domains; the modifier of the lowest domain is the one that counts (getBaseTypeAndTypmod in lsyscache.c).
COLUMNS = """
    WITH RECURSIVE domain(oid, base, typmod) AS (
        SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
        UNION ALL
        SELECT d.oid, t.typbasetype, t.typtypmod
        FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
    )
    SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
        bn.nspname::text, b.typname::text, b.oid, b.typtype::text,
        EXISTS (
            SELECT FROM pg_catalog.pg_depend e
            WHERE e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = b.oid
                AND e.refclassid = 'pg_catalog.pg_extension'::regclass AND e.deptype = 'e'),
        COALESCE(d.typmod, a.atttypmod), a.attnum, a.attnotnull, a.attidentity::text,
        cn.nspname::text, c.collname::text
    FROM pg_catalog.pg_attribute a
        LEFT JOIN domain d ON d.oid = a.atttypid
            AND (SELECT t.typtype FROM pg_catalog.pg_type t WHERE t.oid = d.base) <> 'd'
        JOIN pg_catalog.pg_type b ON b.oid = COALESCE(d.base, a.atttypid)
        JOIN pg_catalog.pg_namespace bn ON bn.oid = b.typnamespace
        LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
        LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace
    WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attrelid, a.attnum
"""

# Usable keys, best first. An index must give each row one place in the order that ORDER BY and comparisons mean:
# * unique, valid, checked at once, of columns alone, of all rows;
# * NOT NULL columns; from 18 on a NOT NULL that was never validated promises nothing;
# * ascending with NULLs last, or the mirror image of it, which is read backwards;
# * the operator classes that ORDER BY picks (GetDefaultOpClass in indexcmds.c), whose operators have the usual
#   names, all in one schema, so that a row comparison can name them;
# * the columns' collations, in the version that the index was built with, if a version is recorded.
# `datcollversion` is of PostgreSQL 15; {version} is a check of it, or true.
KEYS = """
    SELECT i.indrelid, ic.relname::text, k.numbers, k.operators
    FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
        JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
        CROSS JOIN LATERAL (
            SELECT pg_catalog.array_agg(u.attnum::int4 ORDER BY u.place) AS numbers,
                pg_catalog.bool_and(COALESCE({column}, false))
                    AND pg_catalog.count(DISTINCT u.direction) = 1
                    AND pg_catalog.count(DISTINCT l.oprnamespace) = 1 AS fits,
                pg_catalog.min(n.nspname::text) AS operators
            FROM unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[])
                    WITH ORDINALITY u(attnum, opclass, collated, direction, place)
                LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND u.attnum > 0
                LEFT JOIN pg_catalog.pg_opclass o ON o.oid = u.opclass
                LEFT JOIN pg_catalog.pg_collation c ON c.oid = u.collated
                LEFT JOIN pg_catalog.pg_amop lo ON lo.amopfamily = o.opcfamily AND lo.amopstrategy = 1
                    AND lo.amoplefttype = o.opcintype AND lo.amoprighttype = o.opcintype
                LEFT JOIN pg_catalog.pg_operator l ON l.oid = lo.amopopr
                LEFT JOIN pg_catalog.pg_amop ge ON ge.amopfamily = o.opcfamily AND ge.amopstrategy = 4
                    AND ge.amoplefttype = o.opcintype AND ge.amoprighttype = o.opcintype
                LEFT JOIN pg_catalog.pg_operator g ON g.oid = ge.amopopr
                LEFT JOIN pg_catalog.pg_namespace n ON n.oid = l.oprnamespace
            WHERE u.place <= i.indnkeyatts
        ) k
    WHERE i.indrelid = ANY(%s) AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate
        AND i.indpred IS NULL AND i.indexprs IS NULL AND k.fits AND {version}
    ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, ic.relname::text COLLATE "C"
"""
KEY_COLUMN = """
    a.attnotnull AND a.attgenerated = '' AND u.direction IN (0, 3) AND u.collated = a.attcollation
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint t
        WHERE t.conrelid = i.indrelid AND t.contype = 'n' AND NOT t.convalidated AND t.conkey = ARRAY[u.attnum])
    AND o.opcdefault AND (o.opcintype = {base} OR NOT EXISTS (
        SELECT FROM pg_catalog.pg_opclass p
        WHERE p.opcmethod = o.opcmethod AND p.opcdefault AND p.opcintype = {base}))
    AND l.oprname = '<' AND g.oprname = '>=' AND l.oprnamespace = g.oprnamespace
    AND (c.collversion IS NULL OR c.collversion = pg_catalog.pg_collation_actual_version(c.oid))
"""
# The type below all domains of a column.
BASE_TYPE = """(
        WITH RECURSIVE below(oid) AS (
            SELECT a.atttypid
            UNION ALL
            SELECT t.typbasetype FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')
        SELECT b.oid FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.oid WHERE t.typtype <> 'd')"""
DEFAULT_VERSION = """(
        NOT (100 = ANY(i.indcollation::oid[])) OR (
            SELECT d.datcollversion IS NULL
                OR d.datcollversion = pg_catalog.pg_database_collation_actual_version(d.oid)
            FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))"""

CORRELATIONS = """
    SELECT s.schemaname::text, s.tablename::text, s.attname::text, s.correlation::float8
    FROM pg_catalog.pg_stats s
    WHERE NOT s.inherited AND s.correlation IS NOT NULL AND s.schemaname = ANY(%s) AND s.tablename = ANY(%s)
"""
