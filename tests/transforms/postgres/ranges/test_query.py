"""The statements that read ranges, as text and as the server plans them."""

import pytest

from transforms.errors import IntegrityError
from transforms.key_range import KeyRange
from transforms.postgres.catalog.column_form import PRESENCE
from transforms.postgres.catalog.key import Key
from transforms.postgres.catalog.relation import CTID, KEY, Relation
from transforms.postgres.codec.column import Column, Form
from transforms.postgres.names.identifiers import Name
from transforms.postgres.ranges.query import copy_statement
from transforms.postgres.server.session import Connection

ID = Column("id", "id", "integer", "pg_catalog.int4", Form.INT4)
CASE = Column("case", "case", "text", "pg_catalog.text", Form.TEXT, collation='pg_catalog."C"')
AGE = Column('A "ge"', "x", "interval", 'pg_catalog."interval"', Form.OUTPUT)
BY_KEY = Relation(1, Name("public", "t"), (ID, CASE, AGE), key=Key("i", (1, 0)), order=KEY)
BY_FILE = Relation(1, Name("My s", "t"), (ID, AGE))
AGE_SQL = '"A ""ge"""'
OUTPUT = f"CASE WHEN {AGE_SQL} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', {AGE_SQL}) END"
END = b'["it\'s","5"]'


def text(relation: Relation, key_range: KeyRange) -> str:
    return copy_statement(relation, key_range).as_string(None)


def test_a_key_range_is_a_comparison_of_rows_in_the_order_of_the_key() -> None:
    keys = '"public"."t"."case", "public"."t"."id"'
    values = "'it''s'::pg_catalog.text, '5'::pg_catalog.int4"
    assert text(BY_KEY, KeyRange("", END)) == (
        f'COPY (SELECT "id", "case", {OUTPUT} FROM ONLY "public"."t"'
        f' WHERE ({keys}) OPERATOR("pg_catalog".>=) ({values}) ORDER BY {keys}) TO STDOUT (FORMAT binary)'
    )
    assert f' WHERE ({keys}) OPERATOR("pg_catalog".<) ({values}) ORDER' in text(BY_KEY, KeyRange("", b"", END))
    assert " WHERE " not in text(BY_KEY, KeyRange())


def test_a_physical_range_is_one_of_ctid_and_has_no_order() -> None:
    assert text(BY_FILE, KeyRange("ctid", b"(3,0)", b"(7,12)")) == (
        f'COPY (SELECT ctid, "id", {OUTPUT} FROM ONLY "My s"."t"'
        " WHERE ctid >= '(3,0)'::pg_catalog.tid AND ctid < '(7,12)'::pg_catalog.tid) TO STDOUT (FORMAT binary)"
    )


def test_a_table_without_columns_sends_its_ctids() -> None:
    relation = Relation(1, Name("public", "t"), (PRESENCE,))
    assert text(relation, KeyRange("ctid")) == 'COPY (SELECT ctid FROM ONLY "public"."t") TO STDOUT (FORMAT binary)'


def test_a_condition_stands_alone_between_parentheses() -> None:
    relation = Relation(1, Name("public", "t"), (ID,), where="a OR b -- or c")
    assert text(relation, KeyRange("ctid", b"(1,0)")).endswith(
        " WHERE ctid >= '(1,0)'::pg_catalog.tid AND (a OR b -- or c\n)) TO STDOUT (FORMAT binary)"
    )


@pytest.mark.parametrize(
    ("relation", "key_range"),
    [
        (BY_KEY, KeyRange(CTID)),
        (BY_FILE, KeyRange()),
        (BY_KEY, KeyRange("", b'["1"]')),
        (BY_KEY, KeyRange("", b"(1,2)")),
        (BY_FILE, KeyRange(CTID, END)),
        (BY_FILE, KeyRange(CTID, b"(1,2)'; DROP TABLE t; --")),
    ],
)
def test_a_range_of_another_table_is_an_integrity_error(relation: Relation, key_range: KeyRange) -> None:
    with pytest.raises(IntegrityError):
        copy_statement(relation, key_range)


def plan(connection: Connection, relation: Relation, key_range: KeyRange) -> str:
    query = copy_statement(relation, key_range).as_string(None)
    inner = query.removeprefix("COPY (").removesuffix(") TO STDOUT (FORMAT binary)")
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (COSTS off) {inner}".encode()))


def test_a_range_of_several_columns_is_a_condition_on_the_index(scratch: Connection) -> None:
    scratch.execute('CREATE TABLE public.t (id int, "case" text COLLATE "C", "A ""ge""" interval)')
    scratch.execute("INSERT INTO public.t SELECT n, 'x' || n % 50, NULL FROM generate_series(1, 20000) n")
    scratch.execute('CREATE UNIQUE INDEX i ON public.t ("case", id)')
    scratch.execute("ANALYZE public.t")
    found = plan(scratch, BY_KEY, KeyRange("", b'["x20","5"]', b'["x21","1"]'))
    assert "Index Cond: ((ROW(" in found
    assert "Filter" not in found
    assert "Sort" not in plan(scratch, BY_KEY, KeyRange("", b'["x20","5"]', b'["x20","9"]'))


def test_a_descending_index_is_read_backwards(scratch: Connection) -> None:
    scratch.execute('CREATE TABLE public.t (id int, "case" text COLLATE "C", "A ""ge""" interval)')
    scratch.execute('CREATE UNIQUE INDEX i ON public.t ("case" DESC, id DESC)')
    scratch.execute("SET LOCAL enable_seqscan = off")
    scratch.execute("SET LOCAL enable_bitmapscan = off")
    assert "Index Scan Backward using i" in plan(scratch, BY_KEY, KeyRange("", END))


def test_a_physical_range_reads_its_own_blocks_only(scratch: Connection) -> None:
    scratch.execute('CREATE SCHEMA "My s"; CREATE TABLE "My s".t (id int, "A ""ge""" interval)')
    scratch.execute('INSERT INTO "My s".t SELECT generate_series(1, 20000); ANALYZE "My s".t')
    assert plan(scratch, BY_FILE, KeyRange(CTID, b"(3,0)", b"(7,12)")).startswith("Tid Range Scan on t")
