"""`docs/vault.md` is held to the code: its tables, its layout, its programs."""

import ast
import hashlib
import json
import re
import shutil
import sys
from datetime import datetime, timezone

import fastavro
import pytest

from tests.docs.conftest import SmallVault
from tests.docs.described import AvroRecords
from tests.docs.markdown import anchor, column, dead_links, programs, read, sections, tables
from tests.docs.vault_objects import (
    DOCUMENT,
    FIELDS,
    avro_files,
    checked_facts,
    checked_json,
    indexed_shards,
    json_objects,
    manifest,
    run,
    run_python,
)
from transforms.bigtable.source import BigtableSource
from transforms.folder_name import LONGEST_IDENTIFIER, encode_parts
from transforms.postgres.moment.moment import FROZEN, FUZZY, SNAPSHOT
from transforms.vault import catalogue
from transforms.vault.format.attachments import LARGEST_ATTACHMENT
from transforms.vault.format.intent import FORMAT
from transforms.vault.format.layout import BACKUP_FORM, FORMS, SOURCE_FORM, TABLE_FORM
from transforms.vault.format.portion import RANGES_PER_FILE
from transforms.vault.format.records import LARGEST_FILE
from transforms.vault.format.sealed_json import DEEPEST, LARGEST_DOCUMENT
from transforms.vault.format.shard import LARGEST_CHUNK, LAST_TIME
from transforms.verify import LEVELS

SUM_OF_NOTHING = hashlib.sha256(b"").digest()


def avro_records(vault: SmallVault) -> AvroRecords:
    records = AvroRecords()
    for path in avro_files(vault):
        with path.open("rb") as file:
            records.add(fastavro.reader(file).writer_schema)
    return records


def test_every_json_object_has_the_documented_fields_and_no_others(small_vault: SmallVault) -> None:
    assert checked_json(small_vault)[1] == []


def test_every_documented_json_field_is_written(small_vault: SmallVault, postgres_vault: SmallVault) -> None:
    records = avro_records(small_vault).records
    documented = {(name, key) for name, fields in FIELDS.items() if name not in records for key in fields}
    vaults = (small_vault, postgres_vault)
    written = [check(vault) for check in (checked_json, checked_facts) for vault in vaults]
    assert [problem for _, problems in written for problem in problems] == []
    assert documented - set[tuple[str, str]]().union(*(check.seen for check, _ in written)) == set()


def test_avro_schemas_have_the_documented_fields_in_their_order(small_vault: SmallVault) -> None:
    records = avro_records(small_vault).records
    assert records == {name: list(FIELDS[name].items()) for name in records}
    assert set(records) == {"PlannedRange", "ReceiptEntry", "Shard", "Chunk", "IndexEntry", "Receipt"} | {
        "BigtableRow",
        "BigtableCell",
    }


def test_every_object_has_a_name_of_the_layout(small_vault: SmallVault) -> None:
    objects, parts = tables(DOCUMENT)["Layout"]
    forms = dict(zip(column(parts), column(parts, 1), strict=True))
    names = [re.compile(re.sub(r"<\w+>", lambda part: forms[part[0]], name)) for name in column(objects)]
    assert [name for name in small_vault.objects() if sum(bool(form.fullmatch(name)) for form in names) != 1] == []
    unused = [form.pattern for form in names if not any(map(form.fullmatch, small_vault.objects()))]
    assert [pattern.rpartition("/")[2] for pattern in unused] == ["TOMBSTONE.json"]


def test_names_that_are_read_have_the_form_of_the_layout() -> None:
    objects, parts = tables(DOCUMENT)["Layout"]
    forms = dict(zip(column(parts), column(parts, 1), strict=True))
    below = [
        name.removeprefix("<source>/<backup>/") for name in column(objects) if name.startswith("<source>/<backup>/")
    ]
    documented = {re.sub(r"<\w+>", lambda part: forms[part[0]], name.replace(".", r"\.")) for name in below}
    assert set(FORMS.values()) <= documented
    assert {SOURCE_FORM, TABLE_FORM} == {forms["<source>"], forms["<table>"]}
    assert forms["<backup>"] == BACKUP_FORM


def test_limits_are_those_of_the_readers() -> None:
    [[_, *limits]] = tables(DOCUMENT)["Limits"]
    sizes = {"MiB": 1 << 20, "GiB": 1 << 30}
    found = [int(most.split()[0]) * sizes[most.split()[1]] for _, most, _ in limits if most.endswith("iB")]
    assert found == [LARGEST_DOCUMENT, LARGEST_FILE, LARGEST_CHUNK, LARGEST_ATTACHMENT]
    assert f"| {DEEPEST} |" in DOCUMENT
    assert datetime.fromtimestamp(LAST_TIME // 10**6, timezone.utc).year == 9999


def test_identifiers_are_encoded_as_the_examples_are() -> None:
    [examples] = tables(DOCUMENT)["Encoded identifiers"]
    assert len(examples) > 2
    for parts, name in examples[1:]:
        assert f"`{encode_parts(re.findall('`([^`]+)`', parts))}`" == name
    assert f"more than {LONGEST_IDENTIFIER} characters" in DOCUMENT
    assert f"first {encode_parts(['x' * 999]).index('~')} characters" in DOCUMENT


def test_json_objects_are_in_the_documented_form(small_vault: SmallVault) -> None:
    expression = 'json.dumps(value, sort_keys=True) + "\\n"'
    assert expression in DOCUMENT
    for name, value in json_objects(small_vault):
        form = json.dumps(value, sort_keys=True) + "\n"
        assert small_vault.read(name) == form.encode()
        blank = json.dumps({**value, "self_sha256": ""}, sort_keys=True) + "\n"
        assert hashlib.sha256(blank.encode()).hexdigest() == value["self_sha256"]


def test_sync_markers_are_the_documented_ones(small_vault: SmallVault) -> None:
    for path in avro_files(small_vault):
        name = path.relative_to(small_vault.committed.parent).as_posix()
        is_shard = path.suffix == ".avro" and path.parent.parent.name == "data"
        marker = hashlib.sha256(name.encode()).digest()[:16] if is_shard else b"Shardkeep vault\n"
        assert path.read_bytes()[-16:] == marker or "f" * 16 in name  # the orphan is a copy under another name


def test_the_small_backup_has_every_case_that_the_programs_meet(small_vault: SmallVault) -> None:
    chunks = [chunk for shard in indexed_shards(small_vault) for chunk in shard.chunks]
    assert {chunk.sha256 for chunk in chunks if not chunk.rows} == {SUM_OF_NOTHING}
    assert any(chunk.records > chunk.rows for chunk in chunks)
    assert any(len(shard.chunks) > 1 for shard in indexed_shards(small_vault))


def test_the_simple_program_prints_the_rows_of_every_table(small_vault: SmallVault) -> None:
    simple, *_ = programs(DOCUMENT, "python")
    assert run_python(simple, small_vault) == ["empty 0", "orders.2024 10", "wide 2"]


def test_the_checking_program_computes_the_digests_of_the_manifest(small_vault: SmallVault) -> None:
    _, checking, _ = programs(DOCUMENT, "python")
    expected = [f"{table['name']} {table['rows']} {table['digest']} True" for table in manifest(small_vault)["tables"]]
    assert run_python(checking, small_vault) == expected


@pytest.mark.parametrize("program", programs(DOCUMENT, "python"), ids=["simple", "checking", "postgres"])
def test_programs_need_an_avro_reader_and_a_hash_and_nothing_of_ours(program: str) -> None:
    nodes = list(ast.walk(ast.parse(program)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert names - sys.stdlib_module_names <= {"fastavro", "mmh3"}


def test_the_shell_program_shows_the_seal_and_the_digests_of_all_files(small_vault: SmallVault) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("there is no sha256sum on the PATH")
    script, _ = programs(DOCUMENT, "sh")
    computed, sealed, *files = run(["sh", "-c", script, "sh", str(small_vault.committed)])
    value = manifest(small_vault)
    assert computed.split()[0] == value["self_sha256"]
    assert value["self_sha256"] in sealed
    digests = {line.split()[0] for line in files}
    assert {file["sha256"] for file in value["index"]} <= digests
    assert {shard.object.sha256.hex() for shard in indexed_shards(small_vault)} <= digests


def test_words_and_numbers_are_those_of_the_code() -> None:
    found = tables(DOCUMENT)
    words = {value for name, value in vars(catalogue).items() if name.isupper() and name == value}
    assert set(column(found["States"][0])) == words
    assert set(LEVELS) <= set(column(found["What a verification proves"][0]))
    assert {BigtableSource.consistency, SNAPSHOT, FROZEN, FUZZY} == set(column(found["Consistency"][0]))
    assert f"each {RANGES_PER_FILE} neighbouring planned ranges" in DOCUMENT
    assert f"It describes format {FORMAT}." in DOCUMENT


def test_rules_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number in re.findall(r"^\* \*\*V(\d+)\*\*", DOCUMENT, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(int(cited) in numbers for cited in re.findall(r"\bV(\d+)", DOCUMENT))


def test_links_lead_to_headings() -> None:
    assert dead_links(DOCUMENT) == []
    for name, target in re.findall(r"\]\(([\w.-]+)#([\w-]+)\)", DOCUMENT):
        assert target in {anchor(heading) for heading, _ in sections(read(name))}
