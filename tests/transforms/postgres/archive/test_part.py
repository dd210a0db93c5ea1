from collections.abc import Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import SUPERUSERS, make_shop, toc_of
from tests.transforms.postgres.catalogs import module_database
from transforms.postgres.archive.part import Part, chosen, whole
from transforms.postgres.archive.toc import Toc
from transforms.postgres.names.identifiers import Name

EXTENSIONS_OWN = "FUNCTION vector_dims(shop.vector)"
MORE = """
    CREATE TABLE shop.borrowers (n int DEFAULT nextval('shop.lines_id_seq'));
    CREATE TABLE shop.heirs (more int) INHERITS (shop.borrowers);
    SET client_min_messages = error; CREATE PUBLICATION part FOR TABLE shop.borrowers, TABLES IN SCHEMA shop;
    CREATE EXTENSION vector SCHEMA shop; REVOKE EXECUTE ON FUNCTION shop.vector_dims(shop.vector) FROM PUBLIC;
"""


@pytest.fixture(scope="module")
def toc(postgres18: PostgresServer) -> Iterator[Toc]:
    with module_database(postgres18) as database:
        make_shop(postgres18, database, MORE + SUPERUSERS)
        yield toc_of(postgres18, database)


def titles(part: Part) -> set[str]:
    return {str(entry) for entry in part.entries}


def test_the_whole_has_everything_but_the_database_and_the_settings(toc: Toc) -> None:
    left_out = {entry.kind for entry in toc.entries} - {entry.kind for entry in whole(toc).entries}
    assert left_out == {"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE"}
    assert whole(toc).needed == frozenset()


def test_a_table_brings_what_is_its_own_and_what_it_needs(toc: Toc) -> None:
    part = chosen(toc, [Name("shop", "lines")])
    expected = """
        ACL SCHEMA shop, COMMENT shop.CONSTRAINT lines_of_order_fkey ON lines, CONSTRAINT shop.lines lines_pkey,
        DEFAULT shop.lines id, DOMAIN shop.positive, FK CONSTRAINT shop.lines lines_of_order_fkey,
        FUNCTION shop.refuse(), INDEX shop.lines_number, POLICY shop.lines reading, ROW SECURITY shop.lines,
        RULE shop.lines keep, SCHEMA shop, SEQUENCE OWNED BY shop.lines_id_seq, SEQUENCE shop.free_numbers,
        SEQUENCE shop.lines_id_seq, STATISTICS shop.lines_statistics, TABLE shop.lines, TRIGGER shop.lines refuse
    """
    assert titles(part) == {title.strip() for title in expected.split(",")}
    needed = {str(toc.by_number[number]) for number in part.needed}
    assert needed == {"DOMAIN shop.positive", "FUNCTION shop.refuse()", "SCHEMA shop", "SEQUENCE shop.free_numbers"}


def test_a_partitioned_table_comes_with_all_of_its_partitions_or_not_at_all(toc: Toc) -> None:
    both = titles(chosen(toc, [Name("shop", "moods_0"), Name("shop", "moods_1")]))
    assert {"TABLE shop.moods", "TABLE ATTACH shop.moods_0", "INDEX shop.moods_number"} <= both
    assert len([title for title in both if title.startswith("INDEX ATTACH")]) == 2
    one = titles(chosen(toc, [Name("shop", "moods_0")]))
    assert "TABLE shop.moods" not in one
    assert not [title for title in one if " ATTACH" in title]


def test_a_borrowed_sequence_comes_without_the_table_that_owns_it(toc: Toc) -> None:
    part = titles(chosen(toc, [Name("shop", "borrowers")]))
    assert "SEQUENCE shop.lines_id_seq" in part
    assert not part & {"SEQUENCE OWNED BY shop.lines_id_seq", "TABLE shop.lines", "DEFAULT shop.lines id"}


def test_a_table_that_is_needed_does_not_come_along(toc: Toc) -> None:
    part = titles(chosen(toc, [Name("shop", "heirs")]))
    assert "TABLE shop.heirs" in part
    assert "TABLE shop.borrowers" not in part


def test_a_schema_brings_all_that_is_in_it(toc: Toc) -> None:
    part = chosen(toc, [], ["shop"])
    expected = {
        str(entry) for entry in whole(toc).entries
        if entry.schema == "shop" and not entry.kind.startswith("PUBLICATION") and entry.tag != EXTENSIONS_OWN
    }  # fmt: skip
    assert expected <= titles(part)
    assert not [title for title in titles(part) if title.startswith(("PUBLICATION", "EVENT TRIGGER"))]


def test_what_a_publication_or_an_extension_has_in_a_schema_does_not_come_with_it(toc: Toc) -> None:
    others = {str(entry) for entry in whole(toc).entries} - titles(chosen(toc, [], ["shop"]))
    assert others >= {
        "PUBLICATION TABLE shop.part borrowers", "PUBLICATION TABLES IN SCHEMA shop.part shop",
        f"ACL shop.{EXTENSIONS_OWN}",
    }  # fmt: skip


def test_what_is_left_out_of_a_schema_takes_its_parts_and_partitions_with_it(toc: Toc) -> None:
    left_out = titles(chosen(toc, [], ["shop"])) - titles(
        chosen(toc, [], ["shop"], [Name("shop", "moods"), Name("shop", "orders")])
    )
    assert {"TABLE shop.moods", "TABLE shop.moods_1", "TABLE ATTACH shop.moods_0", "INDEX shop.moods_number"} < left_out
    assert {"TABLE shop.orders", "CONSTRAINT shop.orders orders_pkey", "SEQUENCE shop.orders_id_seq"} < left_out
    assert "FK CONSTRAINT shop.lines lines_of_order_fkey" not in left_out  # the target may have the other table
