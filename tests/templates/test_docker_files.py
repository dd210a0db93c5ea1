"""No Docker is needed to see that the files fit each other, the lock, and what is installed where.

What only Docker can show is not shown here: that the images named exist, and that they hold what is copied from them.
"""

import re
import subprocess
import sys
from pathlib import Path

import apache_beam
import pytest
from packaging.requirements import Requirement

from pipelines.command.job import dataflow
from templates.template import FOLDER, TITLES
from tests.servers.docker_file import Stage, stages

ROOT = FOLDER.parent
BASE, CHILD = stages(FOLDER / "Dockerfile"), stages(FOLDER / "pipeline.Dockerfile")[0]
BUILDER, LAST = next(stage for stage in BASE if stage.name == "builder"), BASE[-1]
PINNED = re.compile(r"[a-z0-9./_-]+:(?!latest)[a-z0-9._-]*[0-9][a-z0-9._-]*")
PY_FILE = "FLEX_TEMPLATE_PYTHON_PY_FILE"


def lock() -> dict[str, str]:
    """The versions that the lock has for this Python, by name."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    return {pin.name: str(pin.specifier)[2:] for pin in pins if pin.marker is None or pin.marker.evaluate()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files of a wheel, laid out as it installs them."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "setup.py", "-q", "build_py", f"--build-lib={folder}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.parametrize("stage", BASE, ids=lambda stage: stage.name or "last")
def test_every_image_has_a_version_that_does_not_move(stage: Stage) -> None:
    assert PINNED.fullmatch(stage.image)


def test_beam_is_the_one_of_the_lock_and_of_the_tests() -> None:
    versions = [stage.image.rpartition(":")[2] for stage in BASE if stage.name == "beam"]
    assert versions == [apache_beam.__version__] == [lock()["apache-beam"]]


def test_python_has_one_minor_version() -> None:
    text = "".join((FOLDER / name).read_text() for name in ("Dockerfile", "pipeline.Dockerfile"))
    found = re.findall(r"(?:\bpython:|beam_python|/lib/python)(\d\.\d+)", text)
    launcher = re.findall(r"python(\d)(\d+)-template", text)
    assert {*found, *(".".join(parts) for parts in launcher)} == {"3.11"}
    assert (len(found), len(launcher)) == (4, 1)


def test_what_is_copied_from_a_stage_names_one_before() -> None:
    for number, stage in enumerate(BASE):
        named = {source for source, _ in stage.copies()} | set(re.findall(r"from=(\w+),", " ".join(stage.all("RUN"))))
        assert named - {""} <= {earlier.name for earlier in BASE[:number]}
    assert {source for source, _ in LAST.copies()} == {"builder", "proxy", "beam", "launcher"}


def test_the_context_holds_what_is_copied_from_it_and_only_that() -> None:
    copied = {path for source, paths in BUILDER.copies() if not source for path in paths[:-1]}
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert ignored[1] == "*"
    # After what lets files in: what a checkout has built is no source.
    assert set(ignored[ignored.index("!pipelines") :]) >= {"**/*.so", "**/*.c", "**/__pycache__"}


def test_the_wheel_gets_what_setup_reads() -> None:
    copied = {path for _, paths in BUILDER.copies() for path in paths[:-1]}
    assert {"setup.py", "pyproject.toml", "README.md", "requirements.lock", "pipelines", "transforms"} <= copied


def test_the_last_stage_has_no_compiler_and_checks_its_packages() -> None:
    installs = [command for command in LAST.commands() if command.startswith("apt-get install")]
    assert installs == ["apt-get install --yes --no-install-recommends postgresql-client-18"]
    assert LAST.commands()[-1] == "pip check"
    assert [name for name, _ in LAST.instructions if name == "USER"] == []


def test_pg_dump_is_the_one_of_the_client_that_is_installed() -> None:
    assert LAST.settings()["PATH"] == "/usr/lib/postgresql/18/bin:$PATH"


def test_workers_start_with_beams_program() -> None:
    assert LAST.all("ENTRYPOINT") == ['["/opt/apache/beam/boot"]']
    assert CHILD.all("ENTRYPOINT") == CHILD.all("CMD") == []
    assert LAST.settings()["PYTHONSAFEPATH"] == LAST.settings()["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"


@pytest.mark.parametrize("template", TITLES)
def test_the_launcher_runs_a_file_of_the_installed_package(wheel: Path, template: str) -> None:
    file = CHILD.settings()[PY_FILE].replace("${PIPELINE}", template)
    packages, _, inner = file.partition("/site-packages/")
    # Where pip of the image python:3.11-slim-bookworm installs: https://github.com/docker-library/python.
    assert packages == "/usr/local/lib/python3.11"
    assert (wheel / inner).read_bytes() == (ROOT / "pipelines" / f"{template}.py").read_bytes()


def test_an_image_tells_the_pipeline_its_own_reference() -> None:
    assert CHILD.settings() == {
        PY_FILE: "/usr/local/lib/python3.11/site-packages/pipelines/${PIPELINE}.py",
        dataflow.IMAGE: "${IMAGE}",
    }
    assert CHILD.all("ARG") == ["PIPELINE", "IMAGE"]
    assert CHILD.image == "${BASE}"
    assert CHILD.commands() == [f'test -f "${PY_FILE}"', f'test -n "${dataflow.IMAGE}"']
