from pathlib import Path

import pytest

from templates.destination import write
from transforms.errors import UnreachableError

FILES = {"a.json": "{}\n", "b.json": "größe\n"}


def test_files_are_written_into_a_folder_that_is_made_and_replaced_there(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "specs"
    for _ in range(2):
        assert write(str(folder), FILES) == [str(folder / name) for name in FILES]
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == FILES


def test_a_place_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnreachableError, match=r"^--out=.*file"):
        write(str(tmp_path / "file"), FILES)


def test_cloud_storage_needs_gcloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"^--out=gs://b/f: there is no gcloud"):
        write("gs://b/f/", FILES)


def test_a_failure_of_gcloud_is_told_in_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gcloud").write_text("#!/bin/sh\necho 'no such bucket' >&2\nexit 1\n")
    (tmp_path / "gcloud").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(UnreachableError, match="gcloud storage cp failed: no such bucket"):
        write("gs://b/f", FILES)
