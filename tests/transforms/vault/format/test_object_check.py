from pathlib import Path

import google_crc32c
import pytest

from transforms.vault.format.object_check import check_object
from transforms.vault.format.object_ref import ObjectRef, refer
from transforms.vault.store.local import LocalStore

REF = refer("b/data/t/x.avro", b"content")


def checked(tmp_path: Path, data: bytes) -> str | None:
    store = LocalStore(str(tmp_path))
    store.put(REF.name, data)
    return check_object(store, REF)


def test_an_object_as_it_was_written_is_good(tmp_path: Path) -> None:
    assert checked(tmp_path, b"content") is None


@pytest.mark.parametrize("data", [b"", b"conten", b"content."])
def test_another_size_is_wrong(tmp_path: Path, data: bytes) -> None:
    assert checked(tmp_path, data) == f"{REF.name} has {len(data)} bytes; it was written with 7."


def test_other_bytes_of_the_same_size_are_wrong(tmp_path: Path) -> None:
    there, written = (google_crc32c.value(data) for data in (b"cOntent", b"content"))
    expected = f"{REF.name} has CRC32C {there:08x}; it was written with {written:08x}."
    assert checked(tmp_path, b"cOntent") == expected


def test_a_missing_object_and_one_that_is_a_folder_are_wrong(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert check_object(store, REF) == f"{REF.name} is missing."
    store.put(f"{REF.name}/inside", b"")
    problem = check_object(store, ObjectRef(REF.name, 0, 0, b""))
    assert problem is not None
    assert problem.startswith(f"{REF.name} cannot be read: ")
