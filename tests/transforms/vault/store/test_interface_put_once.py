from pathlib import Path

import pytest

from tests.faulty_store import Fault, FaultyStore
from transforms.errors import ExistsError, UnreachableError
from transforms.vault.store.interface import put_once
from transforms.vault.store.local import LocalStore


def faulty(tmp_path: Path, fault: Fault) -> FaultyStore:
    return FaultyStore(LocalStore(str(tmp_path)), fault)


def test_it_creates_an_object(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put_once(store, "a", b"data")
    assert store.read("a") == b"data"


def test_an_object_with_equal_bytes_is_done(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    put_once(store, "a", b"data")
    put_once(store, "a", b"data")
    assert store.read("a") == b"data"


def test_an_object_with_other_bytes_is_an_error_and_stands(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    store.put("a", b"data")
    with pytest.raises(ExistsError):
        put_once(store, "a", b"date")
    assert store.read("a") == b"data"


def test_a_put_that_failed_is_tried_again(tmp_path: Path) -> None:
    store = faulty(tmp_path, Fault(1))
    put_once(store, "a", b"data")
    assert store.fault.calls == ["put a", "put a"]
    assert store.read("a") == b"data"


def test_a_lost_answer_is_a_success(tmp_path: Path) -> None:
    store = faulty(tmp_path, Fault(1, after=True))
    put_once(store, "a", b"data")
    assert store.fault.calls == ["put a", "put a", "read a"]


def test_a_failing_look_at_its_own_object_is_tried_again(tmp_path: Path) -> None:
    LocalStore(str(tmp_path)).put("a", b"data")
    store = faulty(tmp_path, Fault(2))
    put_once(store, "a", b"data")
    assert store.fault.calls == ["put a", "read a", "put a", "read a"]


def test_a_store_that_fails_again_and_again_is_unreachable(tmp_path: Path) -> None:
    store = faulty(tmp_path, Fault(1, for_good=True))
    with pytest.raises(UnreachableError):
        put_once(store, "a", b"data")
    assert store.fault.calls == ["put a"] * 3
