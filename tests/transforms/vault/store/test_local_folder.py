"""A local vault is folders and regular files: nothing else in it is opened, and nothing through a link."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.memory_room import by_hand
from tests.memory_room.vaults import MemoryVault
from transforms.errors import IntegrityError, NotFoundError
from transforms.vault.catalogue import BROKEN, COMMITTED, DELETING, list_backups
from transforms.vault.store.local import LocalStore
from transforms.vault.vault import open_vault

SECRET = b"of somebody else"
Call = Callable[[LocalStore, str], object]
CALLS: dict[str, Call] = {
    "read": LocalStore.read,
    "read a part": lambda store, name: store.read(name, 1, 2),
    "stat": LocalStore.stat,
    "put": lambda store, name: store.put(f"{name}/new", b"x"),
}


def bind_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)  # the path of a socket is short
        listener.bind(path.name)


KINDS: dict[str, Callable[[Path], object]] = {
    "link to a file": lambda path: path.symlink_to(path.parent.parent / "outside" / "secret"),
    "link to a folder": lambda path: path.symlink_to(path.parent.parent / "outside"),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "fifo": os.mkfifo,
    "socket": bind_socket,
    "folder": Path.mkdir,
}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(SECRET)
    (tmp_path / "vault").mkdir()
    return LocalStore(str(tmp_path / "vault"))


@pytest.mark.parametrize("call", ["read", "read a part", "stat"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_an_integrity_error(store: LocalStore, kind: str, call: str) -> None:
    KINDS[kind](Path(store.root, "a"))
    with pytest.raises(IntegrityError, match=r"^a is no"):
        CALLS[call](store, "a")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("target", ["../outside", "nowhere", "link"])
def test_nothing_is_reached_through_a_link(store: LocalStore, target: str, call: str, tmp_path: Path) -> None:
    Path(store.root, "link").symlink_to(target)
    with pytest.raises(IntegrityError, match="reached through link, a symbolic link"):
        CALLS[call](store, "link/secret")
    assert sorted(path.name for path in (tmp_path / "outside").iterdir()) == ["secret"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", ["../outside/secret", "a/../../outside/secret", "..", "./a", "a\0b"])
def test_a_name_that_leads_elsewhere_is_none(store: LocalStore, name: str, call: str) -> None:
    with pytest.raises(IntegrityError, match="is no name of an object"):
        CALLS[call](store, name)


def test_a_name_that_no_file_can_have_is_told(store: LocalStore) -> None:
    with pytest.raises(IntegrityError, match="longer than the name of a file can be"):
        store.read("a" * 300)


def test_a_folder_of_files_being_written_that_is_a_link_is_not_used(store: LocalStore, tmp_path: Path) -> None:
    Path(store.root, ".incoming").symlink_to(tmp_path / "outside")
    with pytest.raises(IntegrityError, match=r"\.incoming, a symbolic link"):
        store.put("a", b"x")
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret"]


def test_a_name_that_a_link_has_is_taken(store: LocalStore, tmp_path: Path) -> None:
    Path(store.root, "a").symlink_to(tmp_path / "outside" / "new")
    with pytest.raises(Exception, match="a exists already"):
        store.put("a", b"x")
    assert not (tmp_path / "outside" / "new").exists()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_what_is_no_file_and_no_folder_is_in_no_list_and_that_is_logged(
    store: LocalStore, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    KINDS[kind](Path(store.root, "a"))
    store.put("b/c", b"")
    assert (list(store.list("")), list(store.folders(""))) == (["b/c"], ["b"])
    assert {record.message for record in caplog.records} == {"a is neither a file nor a folder, and is left alone"}


def test_a_link_to_a_vault_is_the_users_word(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("vault")
    LocalStore(str(tmp_path / "link")).put("a/b", b"x")
    assert store.read("a/b") == b"x"


def test_reading_a_huge_file_takes_no_more_than_is_there(store: LocalStore) -> None:
    """Python's `read` makes room for all that it is asked for before it reads."""
    store.put("a", b"0123456789")
    assert store.read("a", 4, 1 << 60) == b"456789"
    assert store.read("a", 1 << 60, 1 << 60) == b""


def test_a_checksum_of_another_size_is_not_computed(store: LocalStore) -> None:
    Path(store.root, "a").touch()
    os.truncate(Path(store.root, "a"), 1 << 42)
    assert store.stat("a", 9).size == 1 << 42


def replaced(vault: MemoryVault, kind: str) -> Path:
    """The first object of a kind, removed."""
    path = vault.root / vault.objects(kind)[0]
    path.unlink()
    return path


@pytest.mark.parametrize("kind", ["INTENT.json", "plan/*", "index/*", "data/*/*.avro", "receipts/*", "attach*/*"])
@pytest.mark.parametrize("level", ["L1", "L3"])
def test_a_verification_names_a_link_in_place_of_an_object(vault: MemoryVault, kind: str, level: str) -> None:
    """Even one to a file with the right bytes: who can change that file need not be who can change the vault."""
    path = vault.root / vault.objects(kind)[0]
    moved = path.rename(vault.root.parent / "moved")
    path.symlink_to(moved)
    named = [problem for problem in by_hand.verify(vault.committed, level).problems if path.name in problem]
    assert named
    assert all("link" in problem for problem in named)


def test_a_backup_whose_manifest_is_no_file_is_broken_and_the_others_are_listed(vault: MemoryVault) -> None:
    os.mkfifo(replaced(vault, "MANIFEST.json"))
    states = {item.backup: (item.state, item.problem) for item in list_backups(open_vault(vault.location))}
    assert states[vault.other] == (COMMITTED, "")
    assert states[vault.backup][0] == BROKEN
    assert "is no regular file" in states[vault.backup][1]


def test_whatever_has_a_tombstones_name_is_one(vault: MemoryVault) -> None:
    (vault.folder / "TOMBSTONE.json").symlink_to("nowhere")
    assert {item.backup: item.state for item in list_backups(open_vault(vault.location))} == {
        vault.backup: DELETING,
        vault.other: COMMITTED,
    }


def test_a_backup_that_is_a_link_is_none(vault: MemoryVault, caplog: pytest.LogCaptureFixture) -> None:
    vault.folder.rename(vault.root.parent / "moved")
    vault.folder.symlink_to(vault.root.parent / "moved")
    assert [item.backup for item in list_backups(open_vault(vault.location))] == [vault.other]
    assert f"{vault.backup} is neither a file nor a folder" in caplog.text


def test_folders_that_no_backup_and_no_source_can_have_are_none(vault: MemoryVault) -> None:
    for name in ("lost+found", "99999999T999999Z-000000", "20260102T030405Z-00000G", "20260102T030405Z-000000.old"):
        (vault.root / vault.source / name).mkdir()
    (vault.root / "a\x1b[31m").mkdir()
    (vault.root / ".git").mkdir()
    opened = open_vault(vault.location)
    assert list(opened.sources()) == [vault.source]
    assert [item.backup for item in list_backups(opened)] == [vault.backup, vault.other]


def test_a_vault_document_that_is_a_link_is_not_followed(vault: MemoryVault) -> None:
    path = vault.root / "VAULT.json"
    path.rename(vault.root.parent / "moved")
    path.symlink_to(vault.root.parent / "moved")
    with pytest.raises(IntegrityError, match="no file but a link"):
        open_vault(vault.location)


def test_a_part_of_a_name_that_is_a_file_holds_nothing(store: LocalStore) -> None:
    store.put("a", b"x")
    with pytest.raises(IntegrityError, match="below a file"):
        store.read("a/b")
    with pytest.raises(NotFoundError):
        store.read("b/b")
