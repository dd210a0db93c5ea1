import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers.postgres_server import SUPERUSER, PostgresServer
from tests.transforms.postgres.sessions import new_role, opened
from transforms.batch import Batch
from transforms.errors import IntegrityError, UnreachableError
from transforms.key_range import KeyRange, check_tiling
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.codec.column import program
from transforms.postgres.codec.record_inspector import inspect
from transforms.postgres.large_objects import load as large_object_load
from transforms.postgres.large_objects import pages as large_objects
from transforms.postgres.large_objects import properties as large_object_properties
from transforms.postgres.large_objects.pages import COLUMNS, NAME, PAGE_SIZE
from transforms.postgres.server.session import Connection
from transforms.source import Wanted

WHOLE = KeyRange()
SCHEMA = fastavro.parse_schema(json.loads(avro_schema(NAME.name, COLUMNS)))
# Empty, one byte, one page to the byte, a byte more, several pages, and a hole of more than two pages.
OBJECTS = f"""
    SELECT lo_create(5), lo_from_bytea(16390, 'x'), lo_from_bytea(20000, decode(repeat('ab', {PAGE_SIZE}), 'hex')),
        lo_from_bytea(20001, decode(repeat('cd', {PAGE_SIZE + 1}), 'hex')),
        lo_from_bytea(4294967295, decode(repeat('0123456789', 600000), 'hex')), lo_create(20002);
    SELECT lo_put(20002, {2 * PAGE_SIZE + 7}, 'end');
"""
SIZES = {5: 0, 16390: 1, 20000: PAGE_SIZE, 20001: PAGE_SIZE + 1, 20002: 2 * PAGE_SIZE + 10, 4294967295: 3_000_000}
CONTENTS = "SELECT loid, pageno, data FROM pg_catalog.pg_largeobject ORDER BY 1, 2"


@pytest.fixture
def database(postgres: PostgresServer, new_database: Callable[..., str]) -> str:
    return new_database(postgres)


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer) -> Iterator[str]:
    """A database that tests leave as it is."""
    postgres.sql("CREATE DATABASE large_objects")
    postgres.sql(OBJECTS, "large_objects")
    yield "large_objects"
    postgres.sql("DROP DATABASE large_objects WITH (FORCE)")


def pages_of(batches: list[Batch]) -> list[tuple[int, int, bytes]]:
    stream = io.BytesIO(b"".join(batch.records for batch in batches))
    end, pages = stream.getbuffer().nbytes, []
    while stream.tell() < end:
        record = fastavro.schemaless_reader(stream, SCHEMA, None)
        assert isinstance(record, dict)
        pages.append((record["loid"], record["page"], record["data"]))
    return pages


def contents(session: Connection) -> dict[int, bytes]:
    """What the client interface of large objects reads, as it has nothing to do with pages."""
    oids = [row[0] for row in session.execute("SELECT oid FROM pg_catalog.pg_largeobject_metadata").fetchall()]
    return {oid: session.execute("SELECT pg_catalog.lo_get(%s)", (oid,)).fetchall()[0][0] for oid in oids}


def test_pages_are_the_objects_bytes_in_order(postgres: PostgresServer, filled: str) -> None:
    with opened(postgres, filled) as session:
        pages = pages_of(list(large_objects.read(session, WHOLE, 1 << 20)))
        expected = contents(session)
    assert {oid: len(data) for oid, data in expected.items()} == SIZES
    assert [page[:2] for page in pages] == sorted(page[:2] for page in pages)
    assert Counter(oid for oid, _, _ in pages) == {5: 1, 16390: 1, 20000: 1, 20001: 2, 20002: 3, 4294967295: 3}
    joined = {oid: b"".join(data for loid, _, data in pages if loid == oid) for oid in expected}
    assert joined == expected


def test_batches_are_canonical_and_named_by_their_first_and_last_page(postgres: PostgresServer, filled: str) -> None:
    with opened(postgres, filled) as session:
        batches = list(large_objects.read(session, WHOLE, 2 * PAGE_SIZE))
    assert [(batch.first_key, batch.last_key) for batch in batches] == [
        (b'["5","0"]', b'["20001","0"]'),
        (b'["20001","1"]', b'["20002","1"]'),
        (b'["20002","2"]', b'["4294967295","1"]'),
        (b'["4294967295","2"]', b'["4294967295","2"]'),
    ]
    for batch in batches:
        assert inspect(program(COLUMNS), batch.records) == batch.record_ends


@pytest.mark.parametrize("wanted", [Wanted(1, 1), Wanted(2, 1), Wanted(31, 1), Wanted(None, 1), Wanted(None, 1 << 40)])
def test_every_page_is_in_exactly_one_range(postgres: PostgresServer, filled: str, wanted: Wanted) -> None:
    with opened(postgres, filled) as session:
        ranges = large_objects.ranges(session, wanted)
        check_tiling(ranges, WHOLE, "large objects")
        parts = [pages_of(list(large_objects.read(session, each, 1 << 20))) for each in ranges]
        assert list(chain.from_iterable(parts)) == pages_of(list(large_objects.read(session, WHOLE, 1 << 20)))
    assert len(ranges) <= (wanted.ranges or 11)


def test_ranges_are_of_about_equal_size(postgres: PostgresServer, database: str) -> None:
    quarter = f"decode(repeat('aa', {PAGE_SIZE // 4}), 'hex')"
    postgres.sql(f"SELECT lo_from_bytea(i, {quarter}) FROM generate_series(1, 40) i", database)
    with opened(postgres, database) as session:
        ranges = large_objects.ranges(session, Wanted(4, 1))
        counts = [sum(batch.rows for batch in large_objects.read(session, each, 1 << 20)) for each in ranges]
    assert counts == [10, 10, 10, 10]


def test_a_database_without_large_objects_has_one_empty_range(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as session:
        assert not large_objects.exist(session)
        assert large_objects.ranges(session, Wanted(8, 1)) == [WHOLE]
        assert list(large_objects.read(session, WHOLE, 1 << 20)) == []
        session.execute("SELECT pg_catalog.lo_create(0)")
        assert large_objects.exist(session)


def test_objects_are_read_as_of_the_snapshot(postgres: PostgresServer, database: str) -> None:
    postgres.sql(OBJECTS, database)
    with opened(postgres, database) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        before = contents(session)
        postgres.sql("SELECT lo_put(20000, 3, 'new'), lo_put(16390, 3000000, 'x'), lo_unlink(20001)", database)
        pages = pages_of(list(large_objects.read(session, WHOLE, 1 << 20)))
    assert {oid: b"".join(data for loid, _, data in pages if loid == oid) for oid, _, _ in pages} == before


@pytest.mark.parametrize("end", [b"", b"[]", b'["1"]', b'["1","x"]', b'["1","2","3"]', b'["1; DROP","0"]'])
def test_an_end_that_is_none_is_refused(end: bytes) -> None:
    with pytest.raises(IntegrityError):
        large_objects.parse_end(end)


def test_objects_that_may_not_be_read_are_named(postgres: PostgresServer, database: str) -> None:
    filled = database
    postgres.sql(OBJECTS, filled)
    with new_role(postgres, filled) as owner, new_role(postgres, filled) as reader:
        postgres.sql(f"ALTER LARGE OBJECT 5 OWNER TO {owner}; GRANT SELECT ON LARGE OBJECT 16390 TO PUBLIC", filled)
        postgres.sql(f"REVOKE ALL ON LARGE OBJECT 5 FROM {owner}", filled)
        postgres.sql(f"GRANT SELECT ON LARGE OBJECT 20001 TO {owner}", filled)
        postgres.sql(f"GRANT {owner} TO {reader}")
        with opened(postgres, filled, reader) as session:
            with pytest.raises(
                UnreachableError, match=r"4 large objects .*: 5, 20000, 20002, 4294967295\. pg_read_all"
            ):
                large_objects.check_access(session)
            if postgres.binaries.major >= 18:
                assert by_the_server(session) == {5, 20000, 20002, 4294967295}
            with pytest.raises(UnreachableError, match="permission denied for large object"):
                list(large_objects.read(session, WHOLE, 1 << 20))


def test_the_ways_to_read_the_objects_of_others_are_those_that_the_error_names(
    postgres: PostgresServer, database: str
) -> None:
    postgres.sql("SELECT lo_from_bytea(77, 'seven')", database)
    with new_role(postgres, database) as reader:
        postgres.sql(f"GRANT pg_read_all_data TO {reader}")
        with opened(postgres, database, reader) as session, pytest.raises(UnreachableError) as told:
            large_objects.check_access(session)
        for words in ("pg_read_all_data does not cover", "GRANT SELECT ON LARGE OBJECT", "lo_compat_privileges = on"):
            assert words in str(told.value)
        for way, back in (
            (f"GRANT SELECT ON LARGE OBJECT 77 TO {reader}", f"REVOKE SELECT ON LARGE OBJECT 77 FROM {reader}"),
            (f"ALTER ROLE {reader} SET lo_compat_privileges = on", f"ALTER ROLE {reader} RESET lo_compat_privileges"),
        ):
            postgres.sql(way, database)
            with opened(postgres, database, reader) as session:
                large_objects.check_access(session)
                assert [batch.rows for batch in large_objects.read(session, WHOLE, 1 << 20)] == [1]
            postgres.sql(back, database)


def by_the_server(session: Connection) -> set[int]:
    query = "SELECT oid FROM pg_largeobject_metadata WHERE NOT has_largeobject_privilege(oid, 'SELECT')"
    return {row[0] for row in session.execute(query).fetchall()}


def test_a_role_that_is_no_superuser_reads_and_writes_its_own(
    postgres: PostgresServer, database: str, new_database: Callable[..., str]
) -> None:
    copy = new_database(postgres)
    with new_role(postgres, database) as role:
        with opened(postgres, database, role) as source, opened(postgres, copy, role) as target:
            source.execute("SELECT pg_catalog.lo_from_bytea(77, 'seven'), pg_catalog.lo_create(78)")
            large_objects.check_access(source)
            for batch in large_objects.read(source, WHOLE, 1 << 20):
                assert large_object_load.load(target, batch.records) == batch.rows
            assert contents(target) == {77: b"seven", 78: b""}
        postgres.sql(f"REASSIGN OWNED BY {role} TO {SUPERUSER}", copy)


def test_pages_that_are_written_twice_and_in_any_order_are_the_same_objects(
    postgres: PostgresServer, filled: str, new_database: Callable[..., str]
) -> None:
    copy = new_database(postgres)
    with opened(postgres, filled) as source, opened(postgres, copy) as target:
        batches = list(large_objects.read(source, WHOLE, 1 << 20))
        for batch in [*reversed(batches), *batches]:
            large_object_load.load(target, batch.records)
        assert contents(target) == contents(source)


def test_writers_of_different_pages_of_one_object_do_not_disturb_one_another(
    postgres: PostgresServer, filled: str, new_database: Callable[..., str]
) -> None:
    copy = new_database(postgres)
    with opened(postgres, filled) as source:
        batches = list(large_objects.read(source, WHOLE, 1))
        expected = contents(source)

    def write(records: bytes) -> None:
        with opened(postgres, copy) as session:
            large_object_load.load(session, records)

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(write, [batch.records for batch in batches]))
    with opened(postgres, copy) as target:
        assert contents(target) == expected


def test_a_load_that_is_rolled_back_leaves_nothing(postgres: PostgresServer, database: str) -> None:
    with opened(postgres, database) as session:
        session.execute("BEGIN")
        assert large_object_load.load(session, encoded([(5, 0, b""), (6, 0, b"six")])) == 2
        session.execute("ROLLBACK")
        assert not large_objects.exist(session)


PAGES = st.lists(
    st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 2**40), st.binary(max_size=40)), min_size=1, max_size=5
)


def encoded(pages: list[tuple[int, int, bytes]]) -> bytes:
    stream = io.BytesIO()
    for loid, page, data in pages:
        fastavro.schemaless_writer(stream, SCHEMA, {"loid": loid, "page": page, "data": data})
    return stream.getvalue()


@given(PAGES)
def test_decoding_is_what_fastavro_encodes(pages: list[tuple[int, int, bytes]]) -> None:
    assert large_object_load.decode(encoded(pages)) == pages


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(PAGES, st.data())
def test_records_that_are_cut_are_refused(pages: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    records = encoded(pages[:1])
    cut = data.draw(st.integers(1, len(records) - 1))
    with pytest.raises(IntegrityError):
        large_object_load.decode(records[:cut])


@pytest.mark.parametrize(
    "record",
    [b"\x00\x02\x00\x02\x00", b"\x02\x00\x02\x00\x02\x00", b"\x02\x02\x02\x01\x02\x00", b"\x02\x02\x02\x00\x00"],
)
def test_a_record_that_is_no_page_is_refused(record: bytes) -> None:
    with pytest.raises(IntegrityError):
        large_object_load.decode(record)


def test_properties_come_back(postgres: PostgresServer, database: str, new_database: Callable[..., str]) -> None:
    filled, copy = database, new_database(postgres)
    oids = "ARRAY[5, 16390, 20000, 20001, 20002, 4294967295]::oid[]"
    postgres.sql(f"SELECT lo_create(oid) FROM pg_catalog.unnest({oids}) oid", filled)
    with new_role(postgres, filled) as owner, new_role(postgres, filled) as friend:
        postgres.sql(f"ALTER LARGE OBJECT 16390 OWNER TO {owner}; ALTER LARGE OBJECT 20000 OWNER TO {owner}", filled)
        postgres.sql(f"GRANT SELECT ON LARGE OBJECT 20001 TO {friend} WITH GRANT OPTION", filled)
        postgres.sql(f"SET ROLE {friend}; GRANT SELECT ON LARGE OBJECT 20001 TO PUBLIC", filled)
        postgres.sql("REVOKE ALL ON LARGE OBJECT 20002 FROM postgres", filled)
        postgres.sql("COMMENT ON LARGE OBJECT 5 IS 'it''s \\five'", filled)
        with opened(postgres, filled) as source, opened(postgres, copy) as target:
            properties = large_object_properties.read_properties(source)
            for batch in large_objects.read(source, WHOLE, 1 << 20):
                large_object_load.load(target, batch.records)
            for _ in range(2):
                large_object_properties.write_comments(target, properties)
                large_object_properties.write_owners(target, properties)
                large_object_properties.write_privileges(target, properties)
            assert large_object_properties.read_properties(target) == properties
        spans = [(span.first, span.last, span.owner, span.privileges is None) for span in properties.spans]
        assert spans == [
            (5, 5, SUPERUSER, True),
            (16390, 20000, owner, True),
            (20001, 20001, SUPERUSER, False),
            (20002, 20002, SUPERUSER, False),
            (4294967295, 4294967295, SUPERUSER, True),
        ]
        assert properties.comments == ((5, "it's \\five"),)
        postgres.sql(f"DROP OWNED BY {owner}, {friend}", copy)


def test_properties_of_many_alike_objects_are_one_span(postgres: PostgresServer, database: str) -> None:
    postgres.sql("SELECT lo_create(i) FROM generate_series(1, 3000) i", database)
    with opened(postgres, database) as session:
        properties = large_object_properties.read_properties(session)
        assert [(span.first, span.last) for span in properties.spans] == [(1, 3000)]
        large_object_properties.write_owners(session, properties)
    assert large_object_properties.LargeObjectProperties.from_json(properties.to_json()) == properties
