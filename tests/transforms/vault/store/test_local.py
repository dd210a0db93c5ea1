import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.transforms.vault.store_conformance import BYTES, StoreConformance, raising, stream, stream_while
from transforms.errors import ExistsError, NotFoundError, UnreachableError
from transforms.vault.store.interface import Store
from transforms.vault.store.local import LocalStore


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
    def refuse(*names: str, **descriptors: object) -> None:
        raise refusing(errno.EOPNOTSUPP)

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UnreachableError, match="has no hard links, which a local vault needs"):
        store.put("a", BYTES)


@dataclass
class Disk:
    """What was brought to disk and what got its name, in this order, by inode or folder."""

    root: Path
    events: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        fsync, link = os.fsync, os.link

        def syncing(descriptor: int) -> None:
            fsync(descriptor)
            self.events.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}")))

        def linking(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int, follow_symlinks: bool) -> None:
            places = (os.readlink(f"/proc/self/fd/{descriptor}") for descriptor in (src_dir_fd, dst_dir_fd))
            paths = map(os.path.join, places, (source, target))
            self.events.append(("name", " ".join(paths)))
            link(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", syncing)
            patch.setattr(os, "link", linking)
            yield

    def synced(self) -> list[str]:
        """Folders below and above the root that were brought to disk after the last name was given."""
        last = max(place for place, (what, _) in enumerate(self.events) if what == "name")
        assert all(what == "sync" for what, _ in self.events[last + 1 :])
        return sorted(os.path.relpath(path, self.root) for _, path in self.events[last + 1 :])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux tells the name of a descriptor")
def test_a_group_is_on_disk_when_its_block_ends_each_folder_once(tmp_path: Path) -> None:
    root = tmp_path / "vault"
    disk, store = Disk(root), LocalStore(str(root))
    names = [f"s/b/data/{table}/{number}" for table in ("t", "u") for number in range(3)]
    with disk.watched():
        with store.group() as group:
            for name in names:
                with group.create(name) as writer:
                    writer.write(name.encode())
            assert list(store.list("")) == []
        first = next(place for place, (what, _) in enumerate(disk.events) if what == "name")
        before = {path for _, path in disk.events[:first]}
        named = [path.split() for what, path in disk.events if what == "name"]
        assert [os.path.relpath(target, root) for _, target in named] == names
        assert {source for source, _ in named} <= before, "each file is on disk before it has its name"
        assert disk.synced() == sorted(["..", ".", "s", "s/b", "s/b/data", "s/b/data/t", "s/b/data/u"])
        disk.events.clear()
        store.put("s/b/data/t/3", BYTES)
        assert disk.synced() == ["s/b/data/t"], "those above are known to be on disk"
        disk.events.clear()
        (root / "s/b/data/v").mkdir()
        store.put("s/b/data/v/0", BYTES)
        assert disk.synced() == ["s/b/data", "s/b/data/v"], "another process may have made the folder just now"
    assert list((root / ".incoming").iterdir()) == []
