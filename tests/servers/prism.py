"""Prism, Beam's portable engine, and Beam's program that starts Python workers: found, or built into the cache folder.

`python -m tests.servers.prism` finds or builds both, of the version of the installed Beam, and prints their paths.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.servers import provision
from transforms.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Program:
    """One of the two: its name, its Go package, and the environment variable that may name another one."""

    name: str
    package: str
    variable: str

    @property
    def cached(self) -> Path:
        """Where it lies once it is built."""
        return provision.cache_folder() / f"beam-{beam_version()}" / self.name


ENGINE = Program("prism", "github.com/apache/beam/sdks/v2/go/cmd/prism", "PRISM_BIN")
# The program that Beam's container images run as /opt/apache/beam/boot.
BOOT = Program("container", "github.com/apache/beam/sdks/v2/python/container", "BEAM_BOOT_BIN")
PROGRAMS = (ENGINE, BOOT)


def beam_version() -> str:
    """Of the installed Beam; an engine of another version is none that was tested with it."""
    return version("apache-beam")


def find(program: Program) -> Path:
    """Path of the program that its variable names, else of the one in the cache; nothing is built.

    Raises:
        NotFoundError: if it is not there or cannot be run; the message says how to get it.
    """
    named = os.environ.get(program.variable)
    path = Path(named) if named else program.cached
    if path.is_file() and os.access(path, os.X_OK):
        return path
    if named:
        raise NotFoundError(f"{program.variable}={named} is no program. Correct or unset it.")
    raise NotFoundError(f"There is no {path}: build it with `make provision-prism`, or name one in {program.variable}.")


def find_or_build() -> list[Path]:
    """Paths of both programs; those that are in neither place are built, together.

    Raises:
        NotFoundError: if a variable names what is no program, or Go is missing or fails.
    """
    if missing := [each for each in PROGRAMS if not os.environ.get(each.variable) and not each.cached.is_file()]:
        build(missing)
    return [find(each) for each in PROGRAMS]


def build(programs: Sequence[Program]) -> None:
    """Build programs in a temporary folder and move each, whole, to its place in the cache.

    In one command, for most of what they are made of is the same. Without cgo they need no C library, and without
    symbols they are two thirds the size.

    Raises:
        NotFoundError: if Go is missing or fails.
    """
    go = shutil.which("go")
    if go is None:
        raise NotFoundError("Go is not on the PATH: install it, or name the programs in PRISM_BIN and BEAM_BOOT_BIN.")
    folder = programs[0].cached.parent
    names = " and ".join(each.name for each in programs)
    provision.say("prism", f"building {names} with Go, once, into {folder} (some minutes) ...")
    folder.mkdir(parents=True, exist_ok=True)
    packages = [f"{each.package}@v{beam_version()}" for each in programs]
    with tempfile.TemporaryDirectory(dir=folder) as made:
        provision.run([go, "install", "-ldflags=-s -w", *packages], Path(made), GOBIN=made, CGO_ENABLED="0")
        for each in programs:
            Path(made, each.name).replace(each.cached)


def main() -> int:
    """Find or build both and print their paths, one a line."""
    return provision.tell("prism", lambda: "\n".join(map(str, find_or_build())))


if __name__ == "__main__":
    sys.exit(main())
