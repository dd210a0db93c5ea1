"""The manifest proves itself: level L0."""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from pipelines.command.print.describe import description
from tests.memory_room.vaults import MemoryVault
from transforms.errors import IntegrityError
from transforms.vault.catalogue import COMMITTED, Listing
from transforms.vault.format.intent import Intent
from transforms.vault.format.manifest import decode_manifest, rfc3339
from transforms.vault.format.sealed_json import SEAL, seal

OTHERS: list[Any] = [None, 10**30, "x", [1], {}]


@pytest.fixture(scope="module")
def value(pristine_vault: MemoryVault) -> dict[str, Any]:
    [name] = pristine_vault.objects("MANIFEST.json")
    data: dict[str, Any] = json.loads(pristine_vault.read(name))
    return {key: item for key, item in data.items() if key != SEAL}


def refused(value: dict[str, Any], problem: str) -> None:
    with pytest.raises(IntegrityError, match=problem):
        decode_manifest(seal(value), "MANIFEST.json")


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def changed(value: dict[str, Any], path: tuple[Any, ...], new: object) -> dict[str, Any]:
    other: Any = copy.deepcopy(value)
    place = other
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    result: dict[str, Any] = other
    return result


def test_a_manifest_comes_back(pristine_vault: MemoryVault) -> None:
    [name] = pristine_vault.objects("MANIFEST.json")
    data = pristine_vault.read(name)
    assert decode_manifest(data, name).encode() == data


def test_it_repeats_the_intent(pristine_vault: MemoryVault) -> None:
    [name] = pristine_vault.objects("INTENT.json")
    assert Intent.decode(pristine_vault.read(name), name) == pristine_vault.manifest.intent


def test_it_holds_no_shard_and_no_chunk(pristine_vault: MemoryVault) -> None:
    [name] = pristine_vault.objects("MANIFEST.json")
    assert b"/data/" not in pristine_vault.read(name)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_an_unknown_format_is_refused(value: dict[str, Any], number: object) -> None:
    refused({**value, "format": number}, f"format {number}; this version reads format 1")


def test_a_field_that_is_not_there_is_refused(value: dict[str, Any]) -> None:
    for name in set(value) - {"kind", "parent"}:
        refused({key: item for key, item in value.items() if key != name}, r"MANIFEST\.json")


def test_no_value_of_another_kind_breaks_the_reader(value: dict[str, Any]) -> None:
    taken, tried = 0, [seal(changed(value, path, new)) for path in paths(value) for new in OTHERS]
    for data in tried:
        with suppress(IntegrityError):
            manifest = decode_manifest(data, "MANIFEST.json")
            assert description(Listing(manifest.intent.source.folder, "b", COMMITTED, manifest))
            taken += 1
    # A changed schema, size or digest of an object does not show before that object is looked at.
    assert 0 < taken < len(tried) // 3


def test_sums_that_do_not_add_up_are_refused(value: dict[str, Any]) -> None:
    for place in [("totals",), ("tables", 0), ("tables", 1, "index", 0)]:
        for name in ("rows", "records", "bytes", "stored_bytes"):
            refused(changed(value, (*place, name), 12345), r"MANIFEST\.json")
        refused(changed(value, (*place, "digest"), "murmur3-x64-128:" + "0" * 32), r"MANIFEST\.json")
        refused(changed(value, (*place, "digest"), "md5:" + "0" * 32), "unknown table digest md5|sums are not")


def test_index_files_that_do_not_tile_are_refused(value: dict[str, Any]) -> None:
    refused(changed(value, ("tables", 0, "index", 0, "end"), {"base64": "eA==", "text": "x"}), "do not tile")


def test_a_table_without_an_index_is_refused(value: dict[str, Any]) -> None:
    refused(changed(value, ("tables", 0, "index"), []), r"MANIFEST\.json")


def test_a_key_that_is_not_base64_is_refused(value: dict[str, Any]) -> None:
    refused(changed(value, ("tables", 0, "index", 0, "end"), {"base64": "?", "text": "(open)"}), r"MANIFEST\.json")


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_706_702_400_000_001, "2024-01-31T12:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_is_exact_to_the_microsecond(micros: int, text: str) -> None:
    assert rfc3339(micros) == text


def test_an_intent_of_an_unknown_format_is_refused(pristine_vault: MemoryVault) -> None:
    [name] = pristine_vault.objects("INTENT.json")
    value = json.loads(pristine_vault.read(name))
    del value[SEAL]
    with pytest.raises(IntegrityError, match=r"^I has format 2; this version reads format 1"):
        Intent.decode(seal({**value, "format": 2}), "I")
    for name in ("tables", "source", "run"):
        with pytest.raises(IntegrityError, match=f"^I is not of the known form: the field {name} is missing"):
            Intent.decode(seal({key: item for key, item in value.items() if key != name}), "I")


def test_a_backups_id_begins_with_its_time(pristine_vault: MemoryVault) -> None:
    created = pristine_vault.manifest.intent.created
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", pristine_vault.backup)
    assert pristine_vault.backup[:15] == re.sub("[-:]", "", created)[:15]
