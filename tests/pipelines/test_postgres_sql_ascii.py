"""Databases of the encoding SQL_ASCII, whose names and texts are any bytes, backed up and restored."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro

from tests.pipelines.bigtable_runs import backups, check, show
from tests.pipelines.postgres_runs import backup, restore
from tests.postgres_zoo import differences, make_zoo, normalised_dump
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened

ENCODING = "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
NAMED = b"""
    CREATE SCHEMA "sch\xe9ma";
    CREATE TABLE "sch\xe9ma"."t\xff" ("c\xf6l" text PRIMARY KEY, "c\xc3\xb6l" text);
    INSERT INTO "sch\xe9ma"."t\xff" VALUES ('\xe9', 'a'), ('\xff', '\xc3\xa9');
    CREATE INDEX "i\xff" ON "sch\xe9ma"."t\xff" ("c\xc3\xb6l");
    CREATE SEQUENCE "sch\xe9ma"."s\xff" START 7;
    COMMENT ON TABLE "sch\xe9ma"."t\xff" IS 'caf\xe9'
"""
NewDatabase = Callable[..., str]


def filled(server: PostgresServer, database: str) -> str:
    """The database with the part of the zoo, and a table whose names are no UTF-8."""
    make_zoo(server, database, parts=["sql_ascii"])
    with opened(server, database) as connection:
        connection.execute(NAMED)
    return database


def rows_of(vault: Path, table: str) -> list[dict[str, Any]]:
    [folder] = vault.glob(f"*/*/data/{table}")
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as file:
            rows.extend(fastavro.reader(file))  # type: ignore[arg-type]
    return rows


def test_a_copy_is_the_same_to_the_byte(postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path) -> None:
    database = filled(postgres, new_database(postgres, ENCODING))
    made = backup(tmp_path / "v", postgres.url(database), "--ranges=2", "--json")
    assert made.code == 0, made.err
    assert check(tmp_path / "v", "latest", "--level=L3").code == 0
    copy = new_database(postgres, ENCODING)
    ended = restore(tmp_path / "v", postgres.url(copy), "--json")
    assert ended.code == 0, ended.err
    assert differences(*(normalised_dump(postgres.binaries, postgres.url(name)) for name in (database, copy))) == []


def test_the_vault_holds_the_bytes_of_names_and_texts(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    database = filled(postgres18, new_database(postgres18, ENCODING))
    made = backup(tmp_path / "v", postgres18.url(database), "--json")
    assert made.code == 0, made.err
    assert rows_of(tmp_path / "v", "sch%E9ma+t%FF") == [
        {"c_xf6_l": b"\xe9", "c_xc3b6_l": b"a"},
        {"c_xf6_l": b"\xff", "c_xc3b6_l": b"\xc3\xa9"},
    ]
    [manifest] = (tmp_path / "v").glob("*/*/MANIFEST.json")
    names = [table["name"] for table in json.loads(manifest.read_bytes())["tables"]]
    assert manifest.read_bytes().isascii()
    assert "sch\udce9ma.t\udcff" in names
    assert [table["name"] for table in show(tmp_path / "v", "latest", "--json").json["tables"]] == names
    assert backups(tmp_path / "v", "--json").json[0]["tables"] == names
