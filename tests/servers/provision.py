"""How a server that the machine lacks is made, once, into the cache folder, and how a running one is ended."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transforms.errors import NotFoundError, ShardkeepError

SECONDS_TO_END = 60
SECONDS_TO_MAKE = 900


@dataclass(frozen=True, slots=True)
class Maker:
    """A way to make a server.

    Attributes:
        server: The server, in words of a file name.
        binary: The name of its program.
        tool: What makes it, a program on the PATH.
        version: The pinned version.
        make: Makes it in a folder, given the tool's path and the version; returns the program's path.
    """

    server: str
    binary: str
    tool: str
    version: str
    make: Callable[[str, str, Path], Path]

    @property
    def cached(self) -> Path:
        """Where this maker's program lies once it is made."""
        return cache_folder() / f"{self.server}-{self.tool}-{self.version}" / self.binary


def cache_folder() -> Path:
    """Shardkeep's folder in the user's cache, by the XDG base directory rules."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "shardkeep"


def go_maker(server: str, binary: str, package: str, version: str) -> Maker:
    """Lets Go build a program's own source; `package` is named as its program is."""

    def make(tool: str, version: str, folder: Path) -> Path:
        go_install(tool, f"{package}@{version}", folder)
        return folder / binary

    return Maker(server, binary, "go", version, make)


def say(server: str, text: str) -> None:
    """Tell the user, on stderr, what is being done."""
    print(f"{server}: {text}", file=sys.stderr, flush=True)


def find_or_make(maker: Maker, advice: str) -> Path:
    """Path of a program: on the PATH, in the cache, or made into it.

    Args:
        maker: Its only maker.
        advice: What to do where it cannot be made.

    Raises:
        NotFoundError: if there is none and none can be made.
    """
    on_path = shutil.which(maker.binary)
    if on_path or os.access(maker.cached, os.X_OK):
        return Path(on_path or maker.cached)
    try:
        return make(maker)
    except NotFoundError as error:
        raise NotFoundError(f"No {maker.binary}, and none can be made ({error}). {advice}") from error


def tell(server: str, find: Callable[[], object]) -> int:
    """Print where a server is, or on stderr why there is none; returns the exit code."""
    try:
        print(find())
    except ShardkeepError as error:
        say(server, str(error))
        return error.exit_code
    return 0


def make(maker: Maker) -> Path:
    """Make the program in a temporary folder and move it, whole, to its place in the cache.

    Raises:
        NotFoundError: if the tool is missing or fails.
    """
    tool = shutil.which(maker.tool)
    if tool is None:
        raise NotFoundError(f"{maker.tool} is not on the PATH")
    folder = maker.cached.parent
    say(maker.server, f"none found; making version {maker.version} with {maker.tool}, once, into {folder} ...")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        made = maker.make(tool, maker.version, Path(temporary))
        made.chmod(0o755)
        made.replace(maker.cached)
    return maker.cached


def go_install(go: str, package: str, folder: Path) -> None:
    """Let Go build a package's programs into a folder; without cgo, so that they need no C library.

    Raises:
        NotFoundError: as `run`.
    """
    run([go, "install", package], folder, GOBIN=str(folder), CGO_ENABLED="0")


def run(command: list[str], folder: Path, **environment: str) -> None:
    """Run `command` in `folder` with its output on stderr.

    Raises:
        NotFoundError: if it fails or takes longer than 15 minutes.
    """
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__,
            timeout=SECONDS_TO_MAKE,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise NotFoundError(f"{Path(command[0]).name} failed: {error}") from error


def end(process: "subprocess.Popen[str]") -> None:
    """End the process, by force if it does not go."""
    with process:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
