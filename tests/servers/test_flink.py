"""Flink's libraries: named by variables, else in the cache, else fetched by Maven and pip, whole or not at all."""

import os
import tarfile
from pathlib import Path

import pytest

from tests.servers import flink
from tests.servers.flink_java import running
from tests.servers.program_file import SHELL, program
from transforms.errors import NotFoundError, UnreachableError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with Java and nothing else: an empty cache, and a PATH of one folder, `bin`."""
    for each in flink.ALL:
        monkeypatch.delenv(each.variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program(tmp_path / "bin" / "java")
    return tmp_path


def jars(folder: Path) -> Path:
    """A folder of one jar."""
    folder.mkdir(parents=True)
    (folder / "one.jar").touch()
    return folder


def fake_maven(bare: Path, last: str = "") -> None:
    """A `mvn` that leaves a jar holding its own arguments, and then does something else."""
    find_folder = 'for word; do case $word in -DoutputDirectory=*) to="${word#*=}";; esac; done'
    program(bare / "bin" / "mvn", f'{SHELL}{find_folder}\necho "$*" > "$to/job-server.jar"\n{last}\n')


def test_a_variable_comes_before_the_cache(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = jars(flink.JOB_SERVER.cached)
    assert flink.find(flink.JOB_SERVER) == cached
    named = jars(bare / "mine")
    monkeypatch.setenv("FLINK_JOB_SERVER_LIBS", str(named))
    assert flink.find(flink.JOB_SERVER) == named


def test_a_variable_that_names_no_jars_is_an_error_even_with_a_cache(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jars(flink.CLUSTER.cached)
    monkeypatch.setenv("FLINK_LIBS", str(bare / "missing"))
    assert flink.main(["cluster"]) == NotFoundError.exit_code
    assert f"FLINK_LIBS={bare / 'missing'} is no folder of jars" in capsys.readouterr().err


def test_finding_fetches_nothing(bare: Path) -> None:
    fake_maven(bare)
    with pytest.raises(NotFoundError, match="make provision-flink"):
        flink.find(flink.JOB_SERVER)
    assert not (bare / "cache").exists()


def test_without_java_there_is_no_flink(bare: Path) -> None:
    jars(flink.JOB_SERVER.cached)
    (bare / "bin" / "java").unlink()
    with pytest.raises(NotFoundError, match="java is not on the PATH"):
        flink.find(flink.JOB_SERVER)


def test_maven_fetches_the_job_server_of_the_pinned_versions(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_maven(bare)
    assert flink.main(["job-server"]) == 0
    assert capsys.readouterr().out == f"{flink.JOB_SERVER.cached}\n"
    asked = (flink.JOB_SERVER.cached / "job-server.jar").read_text()
    assert f"-f {flink.POM} " in asked
    assert f" -Dbeam={flink.BEAM} -Dflink={flink.FLINK} " in asked
    assert os.listdir(flink.JOB_SERVER.cached.parent) == ["job-server"]


def test_what_fails_leaves_nothing_in_the_cache(bare: Path) -> None:
    fake_maven(bare, last="exit 1")
    with pytest.raises(NotFoundError, match="mvn failed"):
        flink.find_or_make(flink.JOB_SERVER)
    assert os.listdir(flink.JOB_SERVER.cached.parent) == []


def test_the_clusters_libraries_are_taken_out_of_flinks_package(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "flink"
    for name in ("deps/lib/flink-dist.jar", "deps/lib/README", "deps/opt/other.jar"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(name)
    with tarfile.open(tmp_path / "package.tar.gz", "w:gz") as archive:
        archive.add(package, "flink")
    pip = f'{SHELL}echo "$*" >> "{tmp_path}/asked"\n/bin/cp "{tmp_path}/package.tar.gz" .\n'
    monkeypatch.setattr("sys.executable", str(program(tmp_path / "python", pip)))
    folder = flink.find_or_make(flink.CLUSTER)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"flink-dist.jar": "deps/lib/flink-dist.jar"}
    assert f"apache-flink-libraries=={flink.FLINK}" in (tmp_path / "asked").read_text()


def test_a_program_that_does_not_start_says_why() -> None:
    with (
        pytest.raises(UnreachableError, match="ended without 'ready':\nno such class"),
        running(["sh", "-c", "echo no such class"], "ready"),
    ):
        pass
