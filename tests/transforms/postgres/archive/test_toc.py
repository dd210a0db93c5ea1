from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import SUPERUSERS, archive_of, make_shop, pg_restore
from tests.transforms.postgres.catalogs import module_database
from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.archive.toc import DATA, POST_DATA, PRE_DATA, Entry, parse


@pytest.fixture(scope="module")
def archive(postgres: PostgresServer) -> Iterator[bytes]:
    with module_database(postgres) as database:
        make_shop(postgres, database, SUPERUSERS)
        yield archive_of(postgres, database)


def line_of(entry: Entry) -> str:
    return f"{entry.number}; {entry.catalog} {entry.oid} {entry.kind} {entry.schema or '-'} {entry.tag} {entry.owner}"


def test_entries_are_those_that_pg_restore_lists(postgres: PostgresServer, archive: bytes) -> None:
    printed = pg_restore(postgres, archive, "--list", "--verbose").splitlines()
    listed = [line for line in printed if line and not line.startswith(";")]
    assert list(map(line_of, parse(archive).entries)) == listed


def test_dependencies_are_those_that_pg_restore_tells(postgres: PostgresServer, archive: bytes) -> None:
    needs: dict[int, tuple[int, ...]] = {}
    number = 0
    for line in pg_restore(postgres, archive, "--list", "--verbose").splitlines():
        head, _, rest = line.partition(":")
        if head == ";\tdepends on":
            needs[number] = tuple(map(int, rest.split()))
        elif line and not line.startswith(";"):
            number = int(line.split(";")[0])
            needs[number] = ()
    assert {entry.number: entry.needs for entry in parse(archive).entries} == needs


@pytest.mark.parametrize(("section", "name"), [(PRE_DATA, "pre-data"), (POST_DATA, "post-data")])
def test_statements_and_sections_are_those_of_pg_restore(
    postgres: PostgresServer, archive: bytes, section: int, name: str
) -> None:
    script = pg_restore(postgres, archive, "--no-owner", f"--section={name}", "--file=-")
    # Without --create the database is left out; and pg_restore writes settings in its own words.
    left_out = {"DATABASE", "DATABASE PROPERTIES", "STDSTRINGS"}
    entries = [entry for entry in parse(archive).entries if entry.kind not in left_out and entry.section == section]
    statements = [entry.statement.strip() for entry in entries if not entry.tag.startswith("DATABASE ")]
    assert [statement for statement in statements if statement not in script] == []


def test_an_archive_of_the_schema_has_no_rows(archive: bytes) -> None:
    assert not [entry for entry in parse(archive).entries if entry.section == DATA]


def test_the_database_is_named(postgres: PostgresServer, archive: bytes) -> None:
    toc = parse(archive)
    assert toc.database.startswith("catalog_")
    assert toc.server.startswith(str(postgres.binaries.major))


def test_a_statement_that_is_not_utf8_is_kept(postgres: PostgresServer, new_database: Callable[..., str]) -> None:
    database = new_database(postgres, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    postgres.sql("DO $$ BEGIN EXECUTE convert_from('\\x435245415445205441424c4520f6202869206e74293b'::bytea,"
                 " 'SQL_ASCII'); EXCEPTION WHEN OTHERS THEN NULL; END $$;"
                 "DO $$ BEGIN EXECUTE convert_from('\\x435245415445205441424c4520f620286920696e7429'::bytea,"
                 " 'SQL_ASCII'); END $$", database)  # fmt: skip
    table = next(entry for entry in parse(archive_of(postgres, database)).entries if entry.kind == "TABLE")
    assert table.tag == "\udcf6"
    assert table.statement.encode("utf-8", "surrogateescape").startswith(b'CREATE TABLE public."\xf6"')


def test_an_archive_that_is_cut_off_is_damaged(archive: bytes) -> None:
    whole = len(parse(archive).entries)
    for size in (0, 3, 5, 9, 40, len(archive) // 2):
        with pytest.raises(IntegrityError, match=r"damaged.*Verify the backup"):
            parse(archive[:size])
    assert whole > 30


def test_other_bytes_are_no_archive() -> None:
    with pytest.raises(IntegrityError, match="PGDMP"):
        parse(b"-- PostgreSQL database dump")


def test_an_unknown_version_is_refused(archive: bytes) -> None:
    with pytest.raises(RefusedError, match=r"version 1\.99"):
        parse(archive[:6] + bytes([99]) + archive[7:])


def test_another_format_is_no_archive(archive: bytes) -> None:
    with pytest.raises(IntegrityError, match="format 3"):
        parse(archive[:10] + b"\x03" + archive[11:])
