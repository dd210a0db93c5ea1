"""An archive of pg_dump's passes whole; an entry that holds anything else is named and never run."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.postgres_zoo import make_zoo
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import SUPERUSERS, make_shop, toc_of
from tests.transforms.postgres.catalogs import module_database
from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.archive import entry_kind
from transforms.postgres.archive import part as archive_part
from transforms.postgres.archive.sql_script import statements
from transforms.postgres.archive.toc import Entry, Toc
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.plan import plan
from transforms.postgres.objects.renames import EVERYTHING
from transforms.postgres.objects.step import encoded

# What the zoo lacks.
MORE = """
    CREATE TYPE public.shell;
    CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
    CREATE LANGUAGE mine HANDLER pg_catalog.plpgsql_call_handler;
    CREATE TRANSFORM FOR int LANGUAGE sql (
        FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal), TO SQL WITH FUNCTION pg_catalog.int4recv(internal));
    CREATE SUBSCRIPTION news CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
    CREATE FUNCTION public.atomic(a int) RETURNS int BEGIN ATOMIC SELECT CASE $1 WHEN 1 THEN 2 END; SELECT $1; END;
"""
NEEDS_A_PROVIDER = {"SECURITY LABEL"}
# What a forger may try: to end the transaction, to run something else, to hide a second statement.
FORGERIES = (
    "COMMIT",
    "COMMIT AND CHAIN",
    "ROLLBACK",
    "END",
    "DROP SCHEMA shop CASCADE",
    "SELECT 1",
    "DO $$BEGIN NULL; END$$",
    "{statement}; COMMIT",
    "{statement}; DROP TABLE shop.orders",
    "{statement} /* ; */; -- \n ROLLBACK",
    "COMMIT; {statement}",
    "/* */ COMMIT",
    "SET LOCAL ROLE postgres; {statement}",
    "COPY shop.orders FROM PROGRAM 'true'",
    "CALL shop.nothing()",
)


@pytest.fixture(scope="module")
def toc(postgres: PostgresServer) -> Iterator[Toc]:
    with module_database(postgres) as database:
        make_shop(postgres, database, SUPERUSERS)
        yield toc_of(postgres, database)


def planned(toc: Toc) -> None:
    plan(toc, archive_part.whole(toc), Owning(), EVERYTHING, is_superuser=True)


def with_entry(toc: Toc, changed: Entry) -> Toc:
    entries = tuple(changed if entry.number == changed.number else entry for entry in toc.entries)
    return replace(toc, entries=entries)


def first(toc: Toc, kind: str) -> Entry:
    """The first one of a kind that is no remark on the database itself, which no restore takes from an archive."""
    return next(
        entry for entry in toc.entries if entry.kind == kind and not entry.tag.startswith(archive_part.DATABASE_TAG)
    )


def zoo_of(server: PostgresServer) -> Toc:
    with module_database(server) as database:
        make_zoo(server, database)
        server.sql(f"SET client_min_messages = error; {MORE}", database)
        toc = toc_of(server, database)
        server.sql("DROP SUBSCRIPTION news", database)
    return toc


def test_all_that_pg_dump_writes_is_known(postgres15: PostgresServer, postgres18: PostgresServer) -> None:
    entries = [entry for server in (postgres15, postgres18) for entry in archive_part.whole(zoo_of(server)).entries]
    entry_kind.check(entries)
    assert entry_kind.KINDS - {entry.kind for entry in entries} == NEEDS_A_PROVIDER
    # A table with settings of columns, an enabled trigger, several grants: more than one statement an entry.
    assert max(len(statements(encoded(entry.statement))) for entry in entries) > 3


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_entry_is_named_and_nothing_is_planned(toc: Toc, forgery: str) -> None:
    for kind in ("TABLE", "FUNCTION", "ACL", "COMMENT", "INDEX"):
        entry = first(toc, kind)
        statement = forgery.format(statement=entry.statement.rstrip().removesuffix(";"))
        with pytest.raises(IntegrityError, match=rf"entry {entry.number}, {kind} .*pg_dump writes no such statement"):
            planned(with_entry(toc, replace(entry, statement=f"{statement};\n")))


@pytest.mark.parametrize(
    "statement", ["SET SESSION AUTHORIZATION a, b", "SET SESSION AUTHORIZATION 'a'; GRANT x TO y", "SET ROLE a"]
)
def test_a_grant_sets_nothing_but_who_grants(toc: Toc, statement: str) -> None:
    with pytest.raises(IntegrityError, match="pg_dump writes no such statement"):
        planned(with_entry(toc, replace(first(toc, "ACL"), statement=statement)))


@pytest.mark.parametrize("drop", ["DROP FUNCTION f(); COMMIT", "DROP TABLE t", "f() OWNER TO x; COMMIT"])
def test_an_owner_is_set_by_no_other_words_than_pg_dump_s(toc: Toc, drop: str) -> None:
    with pytest.raises(IntegrityError, match="pg_dump writes no such DROP"):
        planned(with_entry(toc, replace(first(toc, "FUNCTION"), drop=drop)))


def test_a_quote_that_is_left_open_is_named(toc: Toc) -> None:
    with pytest.raises(IntegrityError, match="left open"):
        planned(with_entry(toc, replace(first(toc, "TABLE"), statement="CREATE TABLE a (i int); COMMENT ON '")))


def test_a_kind_that_is_not_known_is_refused(toc: Toc) -> None:
    with pytest.raises(RefusedError, match=r"ASSERTION shop\..*does not know this kind"):
        planned(with_entry(toc, replace(first(toc, "TABLE"), kind="ASSERTION")))


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("ENCODING", "SET client_encoding = 'UTF8'; COMMIT;\n"),
        ("ENCODING", "SET client_encoding = 'LATIN1';\n"),
        ("ENCODING", "SET standard_conforming_strings = 'on';\n"),
        ("STDSTRINGS", "SET standard_conforming_strings = 'off'; DROP TABLE t;\n"),
        ("STDSTRINGS", "RESET ALL;\n"),
        ("STDSTRINGS", ""),
    ],
)
def test_settings_are_known_ones(toc: Toc, kind: str, statement: str) -> None:
    with pytest.raises(IntegrityError, match=f"entry {kind}"):
        planned(with_entry(toc, replace(first(toc, kind), statement=statement)))
