"""The large objects of a database, read like a table of pages: columns `loid`, `page` and `data`.

Sizes are asked of the objects (`pg_largeobject`, their table, is for superusers alone), pages read by `lo_get`.
An empty object has one page without bytes; a hole is read as zeros.
"""

from collections.abc import Generator
from itertools import pairwise

from psycopg import sql

from transforms.batch import Batch
from transforms.errors import IntegrityError, UnreachableError
from transforms.key_range import KeyRange
from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.relation import KEY, Relation
from transforms.postgres.codec.column import Column, Form, program
from transforms.postgres.codec.copy_transcoder import CopyTranscoder
from transforms.postgres.names.identifiers import Bytes, Name
from transforms.postgres.ranges.key_value import end_of, key_end, texts_of
from transforms.postgres.ranges.read import read_copy
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection
from transforms.source import Wanted

NAME = Name("pg_catalog", "pg_largeobject")
PAGE_SIZE = 1 << 20
"""Bytes of a page: a multiple of LOBLKSIZE (storage/large_object.h), 2 KiB unless a server was built otherwise."""
COLUMNS = (
    Column("loid", "loid", "bigint", "pg_catalog.int8", Form.INT8, number=1, not_null=True),
    Column("page", "page", "bigint", "pg_catalog.int8", Form.INT8, number=2, not_null=True),
    Column("data", "data", "bytea", "pg_catalog.bytea", Form.BYTES, number=3, not_null=True),
)
KEY_PLACES = (0, 1)
# The oid is LargeObjectRelationId of catalog/pg_largeobject.h.
RELATION = Relation(2613, NAME, COLUMNS, key=Key("pg_largeobject_loid_pn_index", KEY_PLACES), order=KEY)
"""The large objects as a table that is read by its key."""
KIND = "large_objects"
"""`kind` in the schema that the manifest holds: `{**RELATION.schema_json(), "kind": KIND}`."""
ROW_COST = 64
"""Bytes that a page counts for in addition to its data: many small objects are work too."""
_READ = 0x40000  # INV_READ of libpq/libpq-fs.h
NAMED_MOST = 20

# Opened, measured and closed in one expression, from left to right. A join would not do: the server remembers results
# for equal inputs (Memoize), and the descriptor of every object is 0 again.
_PAGES = f"""
    SELECT s.loid, p.page, s.size
    FROM (
        SELECT m.oid::pg_catalog.int8 AS loid, (
            SELECT pg_catalog.lo_lseek64(o.fd, 0, 2) + 0 * pg_catalog.lo_close(o.fd)
            FROM (SELECT pg_catalog.lo_open(m.oid, {_READ}) AS fd OFFSET 0) o) AS size
        FROM pg_catalog.pg_largeobject_metadata m WHERE {{}} OFFSET 0) s,
        LATERAL pg_catalog.generate_series(0::pg_catalog.int8, GREATEST(s.size - 1, 0) / {PAGE_SIZE}) p(page)
"""  # noqa: S608
# Sorted before a page is read, so that no page is ever sorted.
_COPY = f"""
    COPY (
        SELECT k.loid, k.page, pg_catalog.lo_get(k.loid::pg_catalog.oid, k.page * {PAGE_SIZE}, {PAGE_SIZE})
        FROM ({{}} WHERE {{}} ORDER BY 1, 2 OFFSET 0) k
    ) TO STDOUT (FORMAT binary)
"""  # noqa: S608
# Where the running sum of sizes passes another multiple of the wanted size.
_BOUNDARIES = f"""
    WITH pages AS MATERIALIZED (
        SELECT loid, page, LEAST(size - page * {PAGE_SIZE}, {PAGE_SIZE}) + {ROW_COST} AS bytes FROM ({{pages}}) k),
    step AS (SELECT {{step}} AS bytes FROM pages),
    shares AS (
        SELECT loid, page,
            pg_catalog.div(sum(pages.bytes) OVER (ORDER BY loid, page) - pages.bytes, step.bytes) AS share
        FROM pages, step)
    SELECT loid, page
    FROM (SELECT loid, page, share, lag(share, 1, share) OVER (ORDER BY loid, page) AS before FROM shares) s
    WHERE share <> before ORDER BY 1, 2
"""  # noqa: S608
# Computed here: has_largeobject_privilege is new in PostgreSQL 18. pg_read_all_data does not cover large objects.
_FORBIDDEN = """
    SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m
    WHERE pg_catalog.current_setting('lo_compat_privileges') = 'off'
        AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.aclexplode(COALESCE(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) x
            WHERE x.privilege_type = 'SELECT' AND CASE x.grantee
                WHEN 0 THEN true ELSE pg_catalog.pg_has_role(x.grantee, 'USAGE') END)
    ORDER BY 1
"""


def exist(connection: Connection) -> bool:
    """Whether the database has any large objects."""
    with translated("looking for large objects"):
        query = "SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)"
        row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])


def check_access(connection: Connection) -> None:
    """Check that every large object may be read.

    Raises:
        UnreachableError: with those that may not, and what to do.
    """
    with translated("looking for large objects that may not be read"):
        oids = [row[0] for row in connection.execute(_FORBIDDEN).fetchall()]
    if oids:
        names = ", ".join(map(str, oids[:NAMED_MOST])) + (", ..." if len(oids) > NAMED_MOST else "")
        raise UnreachableError(
            f"No right to read {len(oids)} large objects of the database: {names}. pg_read_all_data does not cover"
            " them. GRANT SELECT ON LARGE OBJECT ... TO the user of the backup, for each and every new one; make it a"
            " member of their owner (or use a role that owns them); back up as a superuser; or have one open all to it:"
            " ALTER ROLE ... SET lo_compat_privileges = on."
        )


def ranges(connection: Connection, wanted: Wanted) -> list[KeyRange]:
    """Ranges of about equal size that tile all large objects; an object of many pages may be in several.

    The ends are JSON arrays of texts, large object and page: `["16402","3"]`.
    """
    step = sql.SQL("max({})" if wanted.ranges is None else "pg_catalog.ceil(sum(bytes) / {})")
    query = sql.SQL(_BOUNDARIES).format(
        pages=sql.SQL(_PAGES).format(sql.SQL("true")), step=step.format(wanted.ranges or wanted.shard_size)
    )
    with translated("measuring the large objects"):
        rows = connection.execute(query).fetchall()
    ends = [b"", *(end_of([str(loid), str(page)]) for loid, page in rows), b""]
    return [KeyRange("", start, end) for start, end in pairwise(ends)]


def parse_end(end: bytes) -> tuple[int, int]:
    """Large object and page of an end that is not open.

    Raises:
        IntegrityError: if it is not one.
    """
    try:
        loid, page = map(int, texts_of(end, len(KEY_PLACES)))
    except ValueError as error:
        raise IntegrityError(f"{end!r} is no end of a range of large objects.") from error
    return loid, page


def copy_statement(key_range: KeyRange) -> sql.Composed:
    """The COPY that sends the pages of a range in the order of the key: (FORMAT binary), columns `COLUMNS`."""
    objects, pages = ["true"], ["true"]
    for end, object_sign, page_sign in ((key_range.start, ">=", ">="), (key_range.end, "<=", "<")):
        if end:
            loid, page = parse_end(end)
            objects.append(f"m.oid {object_sign} {loid}")
            pages.append(f"(s.loid, p.page) {page_sign} ({loid}, {page})")
    inner = sql.SQL(_PAGES).format(Bytes(" AND ".join(objects)))
    return sql.SQL(_COPY).format(inner, Bytes(" AND ".join(pages)))


def read(connection: Connection, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
    """The pages of a range, in batches that end with the page that brings them to `chunk_size` bytes of records.

    Args:
        connection: A session in a transaction that sees the objects as of the backup's moment. It is closed if the
            pages are not taken to their end.
        key_range: One of the ranges.
        chunk_size: Bytes of records.

    Raises:
        UnreachableError: if an object may not be read, or the connection is lost.
    """
    transcoder = CopyTranscoder(program(COLUMNS), KEY_PLACES)
    forms = [COLUMNS[place].form for place in KEY_PLACES]
    statement, doing = copy_statement(key_range), f"reading the large objects {key_range}"
    return read_copy(connection, statement, transcoder, lambda fields: key_end(forms, fields), chunk_size, doing)
