"""`VAULT.json`: what makes a folder a vault."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.memory_room.vaults import MemoryVault
from transforms.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from transforms.vault.format.sealed_json import seal
from transforms.vault.store.opening import absolute_location, open_store
from transforms.vault.vault import open_or_create_vault, open_vault


def test_a_folder_without_the_document_is_no_vault(tmp_path: Path) -> None:
    with pytest.raises(
        NotFoundError, match=r"There is no vault at .*: VAULT\.json is not in the vault\. Check --vault\."
    ):
        open_vault(str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_a_vault_below_a_file_or_a_device_is_a_usage_error(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", Path("/dev/null")):
        for opened in (open_vault, open_or_create_vault):
            with pytest.raises(UsageError, match=f"^--vault={place / below}: {place} is no folder. Give the path of a"):
                opened(str(place / below))


def test_a_vault_is_made_once(tmp_path: Path) -> None:
    first = open_or_create_vault(str(tmp_path / "v"))
    data = (tmp_path / "v" / "VAULT.json").read_bytes()
    assert open_or_create_vault(str(tmp_path / "v")).id == open_vault(str(tmp_path / "v")).id == first.id
    assert (tmp_path / "v" / "VAULT.json").read_bytes() == data
    assert json.loads(data)["vault"] == first.id


def test_vaults_have_ids_of_their_own(tmp_path: Path) -> None:
    assert open_or_create_vault(str(tmp_path / "a")).id != open_or_create_vault(str(tmp_path / "b")).id


def test_makers_at_once_agree_on_one_vault(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = {vault.id for vault in pool.map(open_or_create_vault, [str(tmp_path / "v")] * 8)}
    assert ids == {open_vault(str(tmp_path / "v")).id}


@pytest.mark.parametrize("value", [{"format": 2, "vault": "a"}, {"vault": "a"}, {"format": "1", "vault": "a"}], ids=str)
def test_an_unknown_format_is_refused(tmp_path: Path, value: dict[str, object]) -> None:
    (tmp_path / "VAULT.json").write_bytes(seal(value))
    for look in (open_vault, open_or_create_vault):
        with pytest.raises(IntegrityError, match=r"VAULT\.json has format .*; this version reads format 1"):
            look(str(tmp_path))


@pytest.mark.parametrize("value", [{"format": 1}, {"format": 1, "vault": 7}], ids=str)
def test_a_vault_without_an_id_is_refused(tmp_path: Path, value: dict[str, object]) -> None:
    (tmp_path / "VAULT.json").write_bytes(seal(value))
    with pytest.raises(IntegrityError, match=r"VAULT\.json names no vault id"):
        open_vault(str(tmp_path))


def test_a_new_id_never_orphans_backups_that_are_there(vault: MemoryVault) -> None:
    data = vault.read("VAULT.json")
    vault.write("VAULT.json", None)
    with pytest.raises(RefusedError, match=r"holds backups, but its VAULT\.json is gone"):
        open_or_create_vault(vault.location)
    vault.write("VAULT.json", data)
    assert open_or_create_vault(vault.location).id == vault.manifest.intent.vault


def test_the_lost_document_can_be_made_from_any_manifest(vault: MemoryVault) -> None:
    made = seal({"format": 1, "vault": vault.manifest.intent.vault})
    assert made == vault.read("VAULT.json")


def test_folders_that_are_no_backups_do_not_keep_a_vault_from_being_made(tmp_path: Path) -> None:
    (tmp_path / "photos" / "2024").mkdir(parents=True)
    (tmp_path / "photos" / "2024" / "a.jpg").write_bytes(b"")
    open_or_create_vault(str(tmp_path))
    assert (tmp_path / "VAULT.json").exists()


def test_a_kind_of_place_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--vault=s3://b/p: s3:// is not supported"):
        open_store("s3://b/p")
    assert absolute_location("gs://bucket/path") == "gs://bucket/path"


def test_a_relative_place_is_one_for_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_location("a/b") == str(tmp_path / "a" / "b")
    assert open_or_create_vault("v").location == str(tmp_path / "v")
