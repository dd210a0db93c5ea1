"""A stand-in for the container image of the templates: Shardkeep as an installed wheel, and the packages it needs.

An image holds no checkout. Neither does this folder: the wheel is installed, not linked, and Python in it refuses to
open any file of the checkout. The other packages are not copied: the folder that holds them is put on the path.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from transforms.errors import NotFoundError, ShardkeepError

CHECKOUT = Path(__file__).parent.parent.parent
PACKAGES = Path(sysconfig.get_path("purelib"))
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "pipelines", "transforms")
BINARY = sysconfig.get_config_var("EXT_SUFFIX")
# Where setuptools looks for compiled modules that are newer than their sources (`distutils.command.build`).
BUILT = f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
GUARD = "checkout_guard"
# A .pth file's line that begins with "import" is run at the start of every process (the module `site`).
PATHS = f"{PACKAGES}\nimport {GUARD}\n"
# "open" is raised for sources, caches of bytecode and data, "import" for compiled modules, which Python does not open.
REFUSE = f"""\
import os
import sys

CHECKOUT, PACKAGES = {str(CHECKOUT)!r}, {str(PACKAGES)!r}
PLACES = {{"open": 0, "os.listdir": 0, "os.scandir": 0, "import": 1}}


def refuse(event, arguments):
    place = arguments[PLACES[event]] if event in PLACES else None
    if isinstance(place, bytes | str):
        folder = os.fsdecode(place) + os.sep
        if folder.startswith(CHECKOUT + os.sep) and not folder.startswith(PACKAGES + os.sep):
            raise PermissionError(f"{{place}} is no file of the image")


sys.addaudithook(refuse)
"""


@dataclass(frozen=True, slots=True)
class Image:
    """An installed image: the folder of its Python environment."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def packages(self) -> Path:
        """Where the wheel is installed."""
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder)}))

    def place(self, path: str) -> Path:
        """A file of the real image, by its path there, in this one: what counts is what follows `site-packages`."""
        _, separator, inner = path.partition("/site-packages/")
        if not separator:
            raise NotFoundError(f"{path} is not in site-packages, and the stand-in for the image holds nothing else.")
        return self.packages / inner

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """What a process in a container of the image finds in its environment, and nothing of this process's."""
        # PYTHONSAFEPATH as in the real image: a script's folder is no place to import from.
        own = {"PATH": str(self.folder / "bin"), "HOME": str(home), "LANG": "C.UTF-8", "PYTHONSAFEPATH": "1"}
        return {**own, **more}


def build(folder: Path) -> Image:
    """Make the image in a folder: build the wheel from a copy of the sources, and install it in a new environment.

    Raises:
        ShardkeepError: if the wheel cannot be built or installed, with what the programs said.
    """
    sources, wheels, image = folder / "sources", folder / "wheels", Image(folder / "image")
    _copy_sources(sources)
    _run([sys.executable, "setup.py", "-q", "bdist_wheel", f"--dist-dir={wheels}"], sources)
    (wheel,) = wheels.glob("*.whl")
    _run([sys.executable, "-m", "venv", "--without-pip", str(image.folder)], folder)
    install = ("install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel))
    _run([sys.executable, "-m", "pip", "--python", image.python, *install], folder)
    # Only now: pip would take the checkout, linked there, for an installed Shardkeep.
    (image.packages / f"{GUARD}.py").write_text(REFUSE)
    (image.packages / "packages.pth").write_text(PATHS)
    return image


def _copy_sources(folder: Path) -> None:
    """Copy what a wheel is made of; compiled modules go where the build finds them and compiles only what is newer."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", f"*{BINARY}"))
        else:
            shutil.copy2(source, folder / name)
    for binary in (path for name in SOURCES for path in (CHECKOUT / name).rglob(f"*{BINARY}")):
        target = folder / "build" / BUILT / binary.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(binary, target)


def _run(command: list[str], folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ShardkeepError(f"the image cannot be made: {' '.join(command)}: {done.stdout}{done.stderr}")
