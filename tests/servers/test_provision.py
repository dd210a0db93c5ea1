"""A program with one maker is looked for in the stated order, made into the cache, and told where it lies."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.servers import cloud_sql_program, gcs_server
from tests.servers.program_file import SHELL, program
from transforms.errors import NotFoundError

PROGRAM = pytest.mark.parametrize("module", [gcs_server, cloud_sql_program], ids=lambda each: each.MAKER.binary)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder of the PATH of a machine with nothing: it is missing, and the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


@PROGRAM
def test_it_is_found_on_the_path_before_the_cache(module: ModuleType, folder: Path) -> None:
    cached = program(module.MAKER.cached)
    assert module.find_or_make() == cached
    on_path = program(folder / module.MAKER.binary)
    assert module.find_or_make() == on_path


@PROGRAM
def test_go_is_asked_and_its_binary_is_cached(module: ModuleType, folder: Path) -> None:
    name = module.MAKER.binary
    go = 'file="${2%@*}"; file="${file%/v2}"; echo "$*" > "$GOBIN/${file##*/}"'
    program(folder / "go", f"{SHELL}{go}\n")
    made = module.find_or_make()
    assert made == module.MAKER.cached
    assert made.read_text() == f"install {module.GO_PACKAGE}@{module.MAKER.version}\n"
    assert os.listdir(made.parent) == [name]


@PROGRAM
def test_its_path_is_printed(module: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = program(folder / module.MAKER.binary)
    assert module.main() == 0
    assert capsys.readouterr().out == f"{found}\n"


@PROGRAM
def test_what_is_missing_is_told_with_a_way_out(
    module: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = module.MAKER.binary
    assert module.main() == NotFoundError.exit_code
    told = f"No {name}, and none can be made (go is not on the PATH). Put it on the PATH, or install Go 1.25 or newer."
    assert capsys.readouterr().err == f"{name}: {told}\n"
