"""The emulator is looked for in the stated order, made into the cache whole or not at all, runs and ends."""

import os
import stat
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from google.cloud import bigtable

from tests.servers import bigtable_emulator as emulator
from tests.servers.program_file import SHELL, program
from transforms.errors import NotFoundError, UnreachableError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing: no SDK, an empty cache, and a PATH of one folder, `bin`, that is missing."""
    for name in ("BIGTABLE_EMULATOR_HOST", "CLOUDSDK_ROOT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def fake_maven(bare: Path, member: str) -> None:
    """A `mvn` that leaves a jar holding `member`, as the real one does."""
    with zipfile.ZipFile(bare / "made.jar", "w") as jar:
        jar.writestr(member, "the emulator")
    find_folder = 'for word; do case $word in -DoutputDirectory=*) to="${word#*=}";; esac; done'
    program(bare / "bin" / "mvn", f'{SHELL}{find_folder}\n/bin/cp "{bare}/made.jar" "$to/emulator.jar"\n')


def member() -> str:
    return f"gcloud/bigtable-{emulator.platform_words()}/platform/bigtable-emulator/cbtemulator"


def test_the_path_comes_before_the_sdk_and_the_sdk_before_the_cache(bare: Path) -> None:
    cached = program(emulator.MAKERS[0].cached)
    assert emulator.find_or_make() == cached
    in_sdk = program(bare / "sdk" / emulator.IN_SDK)
    (bare / "bin").mkdir()
    (bare / "bin" / "gcloud").symlink_to(program(bare / "sdk" / "bin" / "gcloud"))
    assert emulator.find_or_make() == in_sdk
    on_path = program(bare / "bin" / "cbtemulator")
    assert emulator.find_or_make() == on_path


def test_a_named_sdk_is_looked_into(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_sdk = program(bare / "sdk" / emulator.IN_SDK)
    monkeypatch.setenv("CLOUDSDK_ROOT_DIR", str(bare / "sdk"))
    assert emulator.find_or_make() == in_sdk


def test_a_file_that_cannot_be_run_is_passed_over(bare: Path) -> None:
    program(emulator.MAKERS[0].cached).chmod(0o644)
    cached = program(emulator.MAKERS[1].cached)
    assert emulator.find_or_make() == cached


def test_maven_is_asked_and_its_binary_is_cached(bare: Path) -> None:
    fake_maven(bare, member())
    made = emulator.find_or_make()
    assert made == emulator.MAKERS[0].cached
    assert made.read_text() == "the emulator"
    assert made.stat().st_mode & stat.S_IXUSR
    assert os.listdir(made.parent) == ["cbtemulator"]


def test_go_is_asked_where_maven_fails(bare: Path) -> None:
    program(bare / "bin" / "mvn", f"{SHELL}exit 1\n")
    program(bare / "bin" / "go", f'{SHELL}echo "$*" > "$GOBIN/emulator"\n')
    made = emulator.find_or_make()
    assert made == emulator.MAKERS[1].cached
    assert made.read_text() == f"install {emulator.GO_PACKAGE}@{emulator.MAKERS[1].version}\n"


def test_a_jar_without_this_platform_leaves_nothing_in_the_cache(bare: Path) -> None:
    fake_maven(bare, "gcloud/bigtable-abacus/platform/bigtable-emulator/cbtemulator")
    with pytest.raises(NotFoundError, match="has no gcloud/bigtable-"):
        emulator.find_or_make()
    assert os.listdir(emulator.MAKERS[0].cached.parent) == []


def test_a_bare_machine_is_told_all_the_ways(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emulator.main() == NotFoundError.exit_code
    said = capsys.readouterr().err
    for way in ("BIGTABLE_EMULATOR_HOST", "PATH", "Google Cloud SDK", "Maven", "Go"):
        assert way in said


def test_somebodys_own_emulator_is_used_as_it_is(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "elsewhere:1")
    with emulator.running_emulator() as host:
        assert host == "elsewhere:1"


def test_an_emulator_that_cannot_start_is_reported_with_its_words(bare: Path) -> None:
    broken = program(bare / "broken", f"{SHELL}echo no such port >&2\nexit 1\n")
    with pytest.raises(UnreachableError, match="no such port"), emulator.started(broken):
        pass


@pytest.fixture
def binary() -> Path:
    try:
        return emulator.find_or_make()
    except NotFoundError as error:
        pytest.skip(str(error))


def test_two_emulators_run_side_by_side_and_end(binary: Path) -> None:
    with emulator.started(binary) as first, emulator.started(binary) as second:
        assert first != second
    with pytest.raises(UnreachableError):
        emulator.wait_until_ready(first, seconds=0.5)


def test_the_client_library_speaks_to_the_emulator(bigtable_emulator: str) -> None:
    assert os.environ["BIGTABLE_EMULATOR_HOST"] == bigtable_emulator
    table = bigtable.Client(project="p", admin=True).instance("i").table(f"house-{uuid4().hex}")
    table.create(column_families={"f": None})
    row = table.direct_row(b"key")
    row.set_cell("f", b"q", b"value")
    row.commit()
    read = table.read_row(b"key")
    assert read.cell_value("f", b"q") == b"value"
    table.delete()
