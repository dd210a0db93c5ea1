import errno
import os
from pathlib import Path

import pytest

from tests.transforms.vault.store_conformance import BYTES, StoreConformance, raising, stream, stream_while
from transforms.errors import ExistsError, NotFoundError, UnreachableError
from transforms.vault.local_store import LocalStore
from transforms.vault.store import Store


class TestLocalStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(str(tmp_path / "vault"))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


def test_an_object_is_a_file_of_its_name(store: LocalStore, tmp_path: Path) -> None:
    store.put("a/b.json", BYTES)
    assert (tmp_path / "a" / "b.json").read_bytes() == BYTES


def test_nothing_is_left_of_ended_streams(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="midway"):
        stream_while(store, "a/b", raising(ValueError("midway")))
    store.put("c", BYTES)
    with pytest.raises(ExistsError):
        stream(store, "c", BYTES)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["c"]


def test_what_is_being_written_is_neither_listed_nor_a_folder(store: LocalStore) -> None:
    with store.create("a/b") as writer:
        writer.write(BYTES)
        assert (list(store.list("")), list(store.folders(""))) == ([], [])


def test_opening_a_store_makes_nothing(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path / "none"))
    assert (list(store.list("")), list(store.folders(""))) == ([], [])
    with pytest.raises(NotFoundError):
        store.read("a")
    assert list(tmp_path.iterdir()) == []


def refusing(kind: int) -> OSError:
    return OSError(kind, os.strerror(kind))


@pytest.mark.parametrize("kind", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
def test_what_the_system_refuses_is_unreachable_and_leaves_no_object(
    store: LocalStore, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise refusing(kind)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(UnreachableError, match=os.strerror(kind)):
            store.put("a/b", BYTES)
    assert list(store.list("")) == []
    store.put("a/b", BYTES)


def test_a_file_system_without_hard_links_is_told(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise refusing(errno.EOPNOTSUPP)

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UnreachableError, match="has no hard links, which a local vault needs"):
        store.put("a", BYTES)
