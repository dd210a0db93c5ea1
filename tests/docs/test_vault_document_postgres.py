"""What `docs/vault.md` says of PostgreSQL is held to real backups, and its programs restore one."""

import io
import json
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.docs.conftest import SmallPostgresVault
from tests.docs.markdown import column, programs, tables
from tests.docs.vault_objects import DOCUMENT, FIELDS, checked_facts, checked_json, manifest, run_python
from tests.postgres_zoo import differences, normalised_dump
from transforms.postgres.catalog.relation import CTID, KEY
from transforms.postgres.codec.column import DUAL, Column, Form
from transforms.postgres.large_objects.pages import COLUMNS, PAGE_SIZE

TABLES = tables(DOCUMENT)


def manifests(vault: SmallPostgresVault) -> list[Any]:
    return [_manifest(folder) for folder in (vault.committed, vault.selected)]


def _manifest(folder: Path) -> Any:  # noqa: ANN401
    return json.loads((folder / "MANIFEST.json").read_bytes())


def ends_of(vault: SmallPostgresVault, table: dict[str, Any]) -> set[bytes]:
    """All ends of a table's chunks that are not open."""
    [folder] = (path for path in (vault.committed, vault.selected) if table in _manifest(path)["tables"])
    value = _manifest(folder)
    files = [folder.parent / value["index"][place]["name"] for place in {part["file"] for part in table["index"]}]
    entries: list[Any] = [entry for path in files for entry in fastavro.reader(io.BytesIO(path.read_bytes()))]
    number = value["tables"].index(table)
    chunks = [chunk for entry in entries if entry["table"] == number for chunk in entry["shard"]["chunks"]]
    return {end for chunk in chunks for end in (chunk["start"], chunk["end"])} - {b""}


def test_every_json_object_has_the_documented_fields_and_no_others(postgres_vault: SmallPostgresVault) -> None:
    assert checked_json(postgres_vault)[1] + checked_facts(postgres_vault)[1] == []


def test_every_object_has_a_name_of_the_layout(postgres_vault: SmallPostgresVault) -> None:
    objects, parts = TABLES["Layout"]
    forms = dict(zip(column(parts), column(parts, 1), strict=True))
    names = [re.compile(re.sub(r"<\w+>", lambda part: forms[part[0]], name)) for name in column(objects)]
    assert [name for name in postgres_vault.objects() if sum(bool(form.fullmatch(name)) for form in names) != 1] == []


def test_the_attachments_are_the_documented_ones(postgres_vault: SmallPostgresVault) -> None:
    [attachments] = TABLES["PostgreSQL attachments"]
    for value in manifests(postgres_vault):
        assert sorted(value["attachments"]) == sorted(column(attachments))


def test_the_spaces_and_their_ends_are_as_documented(postgres_vault: SmallPostgresVault) -> None:
    [spaces] = TABLES["PostgreSQL"]
    assert column(spaces) == [KEY, CTID]
    examples = dict(zip(column(spaces), re.findall(r"`([\[(]\S*[\])])`", " ".join(map(str, spaces))), strict=True))
    forms = {KEY: rb'\["[^"]+"(?:,"[^"]+")*\]', CTID: rb"\(\d+,\d+\)"}
    seen = set()
    for table in chain.from_iterable(value["tables"] for value in manifests(postgres_vault)):
        order, ends = table["schema"]["order"], ends_of(postgres_vault, table)
        assert {file["space"] for file in table["index"]} == {"" if order == KEY else CTID}
        assert [end for end in [*ends, examples[order].encode()] if not re.fullmatch(forms[order], end)] == []
        seen |= {order} if ends else set()
    assert seen == {KEY, CTID}


def test_a_key_is_written_in_utf_8(postgres_vault: SmallPostgresVault) -> None:
    [words] = [table for table in manifest(postgres_vault)["tables"] if table["name"] == "public.words"]
    assert '["größe100"]'.encode()[:8] in {end[:8] for end in ends_of(postgres_vault, words)}


def test_the_forms_are_those_of_the_code() -> None:
    [forms] = TABLES["Forms"]
    names = {name: row[2] for row in forms[1:] for name in re.findall("`([A-Z0-9]+)`", row[0])}
    assert set(names) == set(Form.__members__)
    assert {name for name, avro in names.items() if avro == "two fields"} == {form.name for form in DUAL}
    assert set(FIELDS["Column"]) == set(Column("", "", "", "", Form.PRESENCE).to_json())


def test_large_objects_have_the_documented_columns(postgres_vault: SmallPostgresVault) -> None:
    [documented] = TABLES["Large objects"]
    [table] = [table for table in manifest(postgres_vault)["tables"] if table["schema"]["kind"] == "large_objects"]
    fields = json.loads(table["avro_schema"])["fields"]
    expected = list(zip(column(documented), column(documented, 1), strict=True))
    assert [(field["name"], field["type"][1]) for field in fields] == expected
    assert [each.field for each in COLUMNS] == column(documented)
    assert f"a page is {PAGE_SIZE:,} bytes" in DOCUMENT
    assert table["parts"] == ["pg_catalog", "pg_largeobject"]


def test_the_checking_program_computes_the_digests_of_the_manifest(postgres_vault: SmallPostgresVault) -> None:
    _, checking, _ = programs(DOCUMENT, "python")
    expected = [f"{t['name']} {t['rows']} {t['digest']} True" for t in manifest(postgres_vault)["tables"]]
    assert run_python(checking, postgres_vault) == expected
    assert len(expected) > 8


@pytest.fixture
def copy(postgres_vault: SmallPostgresVault) -> Any:  # noqa: ANN401 - the name of a database
    name = f"{postgres_vault.database}_copy"
    postgres_vault.server.sql(f"CREATE DATABASE {name} OWNER doc_owner")
    yield name
    postgres_vault.server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_programs_restore_the_database(postgres_vault: SmallPostgresVault, copy: str, tmp_path: Path) -> None:
    *_, rows = programs(DOCUMENT, "python")
    _, script = programs(DOCUMENT, "sh")
    Path(tmp_path, "rows.py").write_text(rows, encoding="utf-8")
    Path(tmp_path, "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    Path(tmp_path, "python3").chmod(0o755)
    server = postgres_vault.server
    command = ["sh", "-c", script, "sh", str(postgres_vault.committed), server.url(copy)]
    environment = {"PATH": f"{tmp_path}:{server.binaries.folder}:/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "TABLE shop orders" in done.stdout
    both = [normalised_dump(server.binaries, server.url(name)) for name in (postgres_vault.database, copy)]
    # Owners, privileges and comments of large objects are missing, as the document says.
    assert [line for line in differences(*both) if not re.match(r"[+-] Name: (?:LARGE OBJECT )?7000[12]\b", line)] == []
    pages = "SELECT oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 1"
    assert server.sql(pages, copy) == server.sql(pages, postgres_vault.database)
