from pathlib import Path

import pytest

from transforms.errors import NotFoundError, UnreachableError
from transforms.vault.format.failure_note import MOST_CHARACTERS, note_failure, read_failures
from transforms.vault.format.layout import BackupLayout
from transforms.vault.store.local import LocalStore

LAYOUT = BackupLayout("20261130T020000Z-7f3a9c")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(str(tmp_path))


def test_one_failure_is_one_note_however_often_it_is_noted(store: LocalStore) -> None:
    assert read_failures(store, LAYOUT) is None
    for _ in range(3):
        note_failure(store, LAYOUT, UnreachableError("the server is gone"))
    note_failure(store, LAYOUT, NotFoundError("no table"))
    assert sorted(read_failures(store, LAYOUT) or []) == ["no table", "the server is gone"]
    assert len(list(store.list(LAYOUT.notes))) == 2


def test_a_long_message_is_cut_and_an_empty_one_is_the_errors_class(store: LocalStore) -> None:
    note_failure(store, LAYOUT, ValueError("x" * 5000))
    note_failure(store, LAYOUT, KeyError())
    assert sorted(read_failures(store, LAYOUT) or []) == ["KeyError", "x" * MOST_CHARACTERS]


def test_a_note_that_cannot_be_read_is_a_failure_without_words(store: LocalStore) -> None:
    store.put(LAYOUT.failure("00000000"), b"damaged")
    assert read_failures(store, LAYOUT) == []


def test_a_note_that_cannot_be_written_is_only_logged(
    store: LocalStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / LAYOUT.backup).touch()
    note_failure(store, LAYOUT, ValueError("the failure"))
    assert "the failure could not be noted in the vault" in caplog.text
