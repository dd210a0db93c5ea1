"""Beam's job server for Flink, and Flink for a cluster: Java libraries, found, or made into the cache folder.

`python -m tests.servers.flink` finds or makes both and prints their folders; with the name of one, `job-server` or
`cluster`, that one alone.
"""

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import provision
from transforms.errors import NotFoundError

# The newest pair that Maven repositories were seen to hold whole. The Python of a newer Beam runs on it.
FLINK = "1.19.3"
BEAM = "2.62.0"
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
# Flink's own package for Python brings the libraries of a whole Flink, which are on no Maven repository.
PYPI_PACKAGE = f"apache-flink-libraries=={FLINK}"
POM = Path(__file__).parent / "flink_pom.xml"


@dataclass(frozen=True, slots=True)
class Libraries:
    """A folder of jars, all of which go onto Java's class path.

    Attributes:
        name: Its name.
        variable: The environment variable that may name another folder.
        make: Puts the jars into a folder; may use another one, which is thrown away.
    """

    name: str
    variable: str
    make: Callable[[Path, Path], None]

    @property
    def cached(self) -> Path:
        """Where they lie once they are made."""
        return provision.cache_folder() / f"flink-{FLINK}-beam-{BEAM}" / self.name


def fetch_job_server(jars: Path, scratch: Path) -> None:
    """Let Maven fetch Beam's job server and all that it needs."""
    maven = tool("mvn", "Maven")
    versions = [f"-Dbeam={BEAM}", f"-Dflink={FLINK}", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    provision.run([maven, "-q", "-B", "-f", str(POM), f"{MAVEN_PLUGIN}:copy-dependencies", *versions], scratch)


def fetch_cluster(jars: Path, scratch: Path) -> None:
    """Let pip fetch Flink's package, and take the libraries out."""
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", PYPI_PACKAGE]
    provision.run(fetch, scratch)
    with tarfile.open(next(scratch.glob("*.tar.gz"))) as package:
        for member in package:
            if "/deps/lib/" in member.name and member.name.endswith(".jar") and (file := package.extractfile(member)):
                with file, (jars / Path(member.name).name).open("wb") as jar:
                    shutil.copyfileobj(file, jar)


JOB_SERVER = Libraries("job-server", "FLINK_JOB_SERVER_LIBS", fetch_job_server)
CLUSTER = Libraries("cluster", "FLINK_LIBS", fetch_cluster)
ALL = (JOB_SERVER, CLUSTER)


def tool(name: str, words: str) -> str:
    """Path of a program.

    Raises:
        NotFoundError: if it is not on the PATH.
    """
    if found := shutil.which(name):
        return found
    raise NotFoundError(f"{name} is not on the PATH: install {words}.")


def find(wanted: Libraries) -> Path:
    """The folder that its variable names, else the one in the cache; nothing is made.

    Raises:
        NotFoundError: if it holds no jars, or there is no Java; the message says how to get them.
    """
    tool("java", "Java 11 or 17")
    named = os.environ.get(wanted.variable)
    folder = Path(named) if named else wanted.cached
    if any(folder.glob("*.jar")):
        return folder
    if named:
        raise NotFoundError(f"{wanted.variable}={named} is no folder of jars. Correct or unset it.")
    raise NotFoundError(f"There is no {folder}: make it with `make provision-flink`, or name one in {wanted.variable}.")


def find_or_make(wanted: Libraries) -> Path:
    """The folder; if it is in neither place it is made, whole or not at all.

    Raises:
        NotFoundError: as `find`, or if the tool that makes it is missing or fails.
    """
    if not os.environ.get(wanted.variable) and not wanted.cached.is_dir():
        make(wanted)
    return find(wanted)


def make(wanted: Libraries) -> None:
    """Make the folder in the cache."""
    folder = wanted.cached.parent
    provision.say("flink", f"fetching the {wanted.name}, once, into {folder} (two minutes) ...")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        jars, scratch = Path(temporary, "jars"), Path(temporary, "scratch")
        jars.mkdir()
        scratch.mkdir()
        wanted.make(jars, scratch)
        jars.replace(wanted.cached)


def main(names: list[str]) -> int:
    """Find or make what is named, else both, and print the folders, one a line."""
    wanted = [each for each in ALL if not names or each.name in names]
    return provision.tell("flink", lambda: "\n".join(str(find_or_make(each)) for each in wanted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
