from pathlib import Path

import pytest

from tests.transforms.vault.store_conformance import BYTES, StoreConformance
from transforms.vault.store.interface import ObjectStat, Store
from transforms.vault.store.local import LocalStore
from transforms.vault.store.prefixed import PrefixedStore


class TestPrefixedStore(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        whole = LocalStore(str(tmp_path))
        whole.put("elsewhere/a", b"not of this folder")
        whole.put("folder-too/a/b", b"not of this folder")
        return PrefixedStore(whole, "folder")


def test_its_objects_lie_below_the_folder_of_the_other_store(tmp_path: Path) -> None:
    whole = LocalStore(str(tmp_path))
    store = PrefixedStore(whole, "in/side")
    store.put("a/b", BYTES)
    assert list(whole.list("")) == ["in/side/a/b"]
    assert list(store.list("")) == ["a/b"]
    assert store.stat("a/b") == ObjectStat("a/b", 10, whole.stat("in/side/a/b").crc32c)
    store.delete("a/b")
    assert list(whole.list("")) == []
