"""Forged backups whose digests are true are refused before anything is run, or made, on the target's server."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archive_writer import written
from tests.transforms.postgres.restoring import Backup, backup_of, target_of
from transforms.errors import IntegrityError
from transforms.postgres.archive import dump as archive
from transforms.postgres.archive.toc import parse
from transforms.postgres.inventory import inventory
from transforms.source import Load

NewDatabase = Callable[..., str]
TABLES = """
    CREATE TABLE public.orders (id int PRIMARY KEY); INSERT INTO public.orders VALUES (1);
    CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT SELECT ON public.orders TO PUBLIC;
"""
PICTURE = "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"


@pytest.fixture(scope="module")
def backup(postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    postgres18.sql("CREATE DATABASE forged_from")
    try:
        postgres18.sql(TABLES, "forged_from")
        yield backup_of(postgres18, "forged_from", tmp_path_factory.mktemp("backup"))
    finally:
        postgres18.sql("DROP DATABASE forged_from WITH (FORCE)")


def with_statement(backup: Backup, kind: str, statement: str) -> Backup:
    """A backup whose archive has another statement in the first entry of a kind."""
    toc = parse(backup.attachments.read(archive.ATTACHMENT))
    place = next(place for place, entry in enumerate(toc.entries) if entry.kind == kind)
    entries = list(toc.entries)
    entries[place] = replace(entries[place], statement=statement.format(entries[place].statement))
    return backup.forged(archive.ATTACHMENT, written(toc, entries))


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("TABLE", "COMMIT;"),
        ("TABLE", "{}; COMMIT; CREATE TABLE public.stayed (); BEGIN;"),
        ("FUNCTION", "{}; DROP TABLE public.customers;"),
        ("ACL", "GRANT SELECT ON public.orders TO PUBLIC; ALTER ROLE postgres CONNECTION LIMIT 0;"),
        ("ENCODING", "SET client_encoding = 'UTF8'; COMMIT; CREATE TABLE public.stayed ();"),
        ("STDSTRINGS", "DROP TABLE public.customers;"),
    ],
)
def test_an_archive_that_pg_dump_did_not_write_is_refused(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase, kind: str, statement: str
) -> None:
    database = new_database(postgres18)
    postgres18.sql("CREATE TABLE public.customers (i int)", database)
    before = postgres18.sql(PICTURE, database)
    forged = with_statement(backup, kind, statement)
    whole = target_of(postgres18, database)
    for target in (whole, replace(whole, plan_only=True), replace(whole, skip_unrestorable=True)):
        with pytest.raises(IntegrityError, match=f"entry .*{kind}"):
            target.check(forged.assignments(target.renames), forged.attachments)
        with pytest.raises(IntegrityError, match=f"entry .*{kind}"):  # a worker reads it for itself
            target.begin(forged.assignments(target.renames), forged.attachments)
    assert postgres18.sql(PICTURE, database) == before


def test_no_database_is_made_for_a_forged_archive(postgres18: PostgresServer, backup: Backup) -> None:
    forged = with_statement(backup, "TABLE", "COMMIT;")
    target = target_of(postgres18, "forged_to", create_database=True)
    with pytest.raises(IntegrityError, match=r"TABLE public\.orders"):
        target.check(forged.assignments(target.renames), forged.attachments)
    assert "forged_to" not in postgres18.sql("SELECT datname FROM pg_database")


def test_words_of_an_inventory_are_no_sql(postgres18: PostgresServer, backup: Backup) -> None:
    data: dict[str, Any] = json.loads(backup.attachments.read(inventory.ATTACHMENT))
    data["properties"]["privileges"] = [["postgres", "", "CONNECT ON DATABASE postgres TO PUBLIC; DROP TABLE t", False]]
    forged = backup.forged(inventory.ATTACHMENT, json.dumps(data).encode())
    target = target_of(postgres18, "forged_to", create_database=True)
    with pytest.raises(IntegrityError, match="word of a privilege"):
        target.check(forged.assignments(target.renames), forged.attachments)


def test_rows_of_the_server_s_own_tables_are_refused(postgres18: PostgresServer, backup: Backup) -> None:
    target = target_of(postgres18, "postgres")
    (assignment,) = backup.assignments(target.renames)
    schema = {**assignment.table.schema, "schema": "pg_catalog", "name": "pg_authid"}
    forged = replace(assignment, table=replace(assignment.table, schema=schema))
    with pytest.raises(IntegrityError, match=r"go into pg_catalog\.pg_authid, a table of the server's own"):
        target.check([forged], backup.attachments)
    with pytest.raises(IntegrityError, match=r"go into pg_catalog\.pg_authid"):
        target.write([Load(forged, "piece", b"")])
