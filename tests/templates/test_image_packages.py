"""The pip lines of the image's Docker file, run as they are in fresh environments of this machine's Python."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from templates.template import FOLDER, TITLES
from tests.servers.docker_file import Stage, stages
from tests.templates.test_docker_files import lock

ROOT = FOLDER.parent
STAGES = stages(FOLDER / "Dockerfile")
BUILDER, LAST = next(stage for stage in STAGES if stage.name == "builder"), STAGES[-1]
BUILT = shutil.ignore_patterns("__pycache__", "*.so", "*.c")


def environment_of(folder: Path) -> dict[str, str]:
    """A fresh Python environment, first on the search path."""
    venv.create(folder, with_pip=True)
    return {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


def run_pip_lines(stage: Stage, folder: Path, wheels: Path, environment: dict[str, str]) -> None:
    for command in (each for each in stage.commands() if each.startswith("pip ")):
        here = re.sub(r"/wheels\b", str(wheels), command)
        subprocess.run(["sh", "-ec", here], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def copy_context(folder: Path) -> None:
    for name in (path for source, paths in BUILDER.copies() if not source for path in paths[:-1]):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=BUILT)
        else:
            shutil.copy(ROOT / name, folder / name)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_the_image_gets_the_packages_of_the_lock_and_can_launch(tmp_path: Path) -> None:
    context, wheels, image = tmp_path / "context", tmp_path / "wheels", tmp_path / "image"
    context.mkdir()
    copy_context(context)
    run_pip_lines(BUILDER, context, wheels, environment_of(tmp_path / "builder"))
    environment = environment_of(image)
    run_pip_lines(LAST, tmp_path, wheels, environment)
    frozen = subprocess.check_output(["pip", "freeze"], env=environment, text=True).split()
    installed = {str(canonicalize_name(line.partition("==")[0])): line.partition("==")[2] for line in frozen}
    assert installed.pop("shardkeep")
    assert installed.items() <= lock().items()
    assert {"apache-beam", "google-cloud-storage", "psycopg-binary", "isal"} <= installed.keys()
    assert {"pytest", "mypy", "cython", "hypothesis"}.isdisjoint(installed)
    assert_launchable(image, environment)


def assert_launchable(image: Path, environment: dict[str, str]) -> None:
    packages = image / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    for template in TITLES:
        command = ["python", str(packages / "pipelines" / f"{template}.py"), "--help"]
        settings = {**environment, "PYTHONSAFEPATH": "1"}
        printed = subprocess.check_output(command, env=settings, cwd=image, text=True)
        assert printed.startswith("usage: shardkeep ")
