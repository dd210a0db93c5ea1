"""The stand-in for the image holds Shardkeep itself, and has no way to the checkout."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.servers.image import CHECKOUT, PACKAGES, Image
from transforms.errors import NotFoundError

EVERYTHING = """
import importlib, json, pathlib, pkgutil, sys
import pipelines, transforms
for package in (pipelines, transforms):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
files = {name: str(module.__file__) for name, module in sys.modules.items() if getattr(module, "__file__", None)}
finders = [str(finder) for finder in [*sys.meta_path, *sys.path_hooks]]
print(json.dumps({"files": files, "path": sys.path, "finders": finders}))
"""


def python(image: Image, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the image's Python as a container would."""
    return subprocess.run(
        [image.python, *arguments], cwd=home, env=image.environment(home), capture_output=True, text=True, check=False
    )


def in_checkout(place: str) -> bool:
    """Whether a place is of the checkout, rather than of the packages, which may lie in a folder of it."""
    return str(CHECKOUT) in place and not place.startswith(str(PACKAGES))


def test_every_module_is_the_wheels_and_nothing_points_to_the_checkout(image: Image, tmp_path: Path) -> None:
    ended = python(image, tmp_path, "-c", EVERYTHING)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    ours = {name: file for name, file in found["files"].items() if name.split(".")[0] in ("pipelines", "transforms")}
    compiled = [name for name, file in ours.items() if file.endswith(".so")]
    assert "pipelines.bigtable_backup" in ours
    assert "transforms.bigtable.codec.row_assembler" in compiled
    assert [file for file in ours.values() if not file.startswith(str(image.packages))] == []
    assert [place for place in [*found["files"].values(), *found["path"]] if in_checkout(place)] == []
    assert [finder for finder in found["finders"] if "editable" in finder.lower()] == []


def test_the_wheel_holds_every_module_of_the_packages(image: Image) -> None:
    assert modules(image.packages) == modules(CHECKOUT)


def modules(folder: Path) -> list[str]:
    """The files of our packages below a folder that make a module, compiled or not."""
    paths = (path for package in ("pipelines", "transforms") for path in (folder / package).rglob("*"))
    return sorted(str(path.relative_to(folder)) for path in paths if path.suffix in (".py", ".so", ".pyi"))


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("open({checkout!r} + '/setup.py')", "is no file of the image"),
        ("import os; os.listdir({checkout!r})", "is no file of the image"),
        ("import os; os.scandir({checkout!r} + '/pipelines')", "is no file of the image"),
        ("import sys; sys.path.insert(0, {checkout!r}); import benchmarks", "No module named 'benchmarks'"),
    ],
)
def test_the_checkout_cannot_be_read(image: Image, tmp_path: Path, attempt: str, error: str) -> None:
    ended = python(image, tmp_path, "-c", attempt.format(checkout=str(CHECKOUT)))
    assert ended.returncode == 1
    assert error in ended.stderr


def test_the_command_is_installed(image: Image, tmp_path: Path) -> None:
    command = [str(image.folder / "bin" / "shardkeep"), "--help"]
    ended = subprocess.run(
        command, cwd=tmp_path, env=image.environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "bigtable-backup" in ended.stdout


def test_a_file_of_the_real_image_is_found_by_its_place_in_site_packages(image: Image) -> None:
    path = "/usr/local/lib/python3.11/site-packages/pipelines/verify.py"
    assert image.place(path) == image.packages / "pipelines" / "verify.py"
    with pytest.raises(NotFoundError, match=r"/template/main\.py is not in site-packages"):
        image.place("/template/main.py")
