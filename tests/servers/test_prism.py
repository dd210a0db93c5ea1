"""Prism and the boot program: named by variables, else in the cache, else built by Go, whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import prism
from tests.servers.program_file import SHELL, program
from transforms.errors import NotFoundError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing: an empty cache, and a PATH of one folder, `bin`, that is missing."""
    for each in prism.PROGRAMS:
        monkeypatch.delenv(each.variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def fake_go(bare: Path, last: str = "") -> None:
    """A `go` that leaves each program with its own arguments, and then does something else."""
    make = 'for each in prism container; do echo "$*" > "$GOBIN/$each"; /bin/chmod +x "$GOBIN/$each"; done'
    program(bare / "bin" / "go", f"{SHELL}{make}\n{last}\n")


def test_the_cache_is_that_of_the_installed_beam(bare: Path) -> None:
    installed = subprocess.check_output(
        [sys.executable, "-c", "import apache_beam; print(apache_beam.__version__)"], text=True
    ).strip()
    assert prism.ENGINE.cached == bare / "cache" / "shardkeep" / f"beam-{installed}" / "prism"


def test_a_variable_comes_before_the_cache(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = program(prism.ENGINE.cached)
    assert prism.find(prism.ENGINE) == cached
    named = program(bare / "mine")
    monkeypatch.setenv("PRISM_BIN", str(named))
    assert prism.find(prism.ENGINE) == named


def test_a_variable_that_names_no_program_is_an_error_even_with_a_cache(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in prism.PROGRAMS:
        program(each.cached)
    monkeypatch.setenv("BEAM_BOOT_BIN", str(bare / "missing"))
    assert prism.main() == NotFoundError.exit_code
    assert f"BEAM_BOOT_BIN={bare / 'missing'} is no program" in capsys.readouterr().err


def test_what_cannot_be_run_is_not_found(bare: Path) -> None:
    program(prism.ENGINE.cached).chmod(0o644)
    with pytest.raises(NotFoundError, match="make provision-prism"):
        prism.find(prism.ENGINE)


def test_finding_builds_nothing(bare: Path) -> None:
    fake_go(bare)
    with pytest.raises(NotFoundError, match="make provision-prism"):
        prism.find(prism.ENGINE)
    assert not (bare / "cache").exists()


def test_both_are_built_at_once_and_their_paths_printed(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_go(bare)
    assert prism.main() == 0
    assert capsys.readouterr().out == f"{prism.ENGINE.cached}\n{prism.BOOT.cached}\n"
    version = prism.beam_version()
    built = f"install -ldflags=-s -w {prism.ENGINE.package}@v{version} {prism.BOOT.package}@v{version}\n"
    assert prism.ENGINE.cached.read_text() == prism.BOOT.cached.read_text() == built
    assert sorted(os.listdir(prism.ENGINE.cached.parent)) == ["container", "prism"]


def test_only_what_is_missing_is_built(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(bare)
    monkeypatch.setenv("PRISM_BIN", str(program(bare / "mine")))
    assert prism.find_or_build() == [bare / "mine", prism.BOOT.cached]
    assert prism.ENGINE.package not in prism.BOOT.cached.read_text()
    assert not prism.ENGINE.cached.exists()


def test_a_build_that_fails_leaves_nothing_in_the_cache(bare: Path) -> None:
    fake_go(bare, last="exit 1")
    with pytest.raises(NotFoundError, match="go failed"):
        prism.find_or_build()
    assert os.listdir(prism.ENGINE.cached.parent) == []


def test_a_bare_machine_is_told_what_it_lacks(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prism.main() == NotFoundError.exit_code
    said = capsys.readouterr().err
    for word in ("Go", "PRISM_BIN", "BEAM_BOOT_BIN"):
        assert word in said


def test_the_engine_that_was_found_is_beams() -> None:
    try:
        found = prism.find(prism.ENGINE)
    except NotFoundError as error:
        pytest.skip(str(error))
    told = subprocess.run([found, "--help"], capture_output=True, text=True, check=False)
    for option in ("-job_port", "-log_level", "-log_kind", "-serve_http"):
        assert option in told.stderr
