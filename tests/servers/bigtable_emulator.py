"""Google's official Bigtable emulator: found, or made into the cache folder, and run.

`python -m tests.servers.bigtable_emulator` finds or makes it and prints its path.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.servers import provision
from tests.servers.provision import Maker
from transforms.errors import NotFoundError, ShardkeepError, UnreachableError

NAME = "bigtable-emulator"
BINARY = "cbtemulator"
IN_SDK = Path("platform", "bigtable-emulator", BINARY)
MAVEN_ARTIFACT = "com.google.cloud:google-cloud-bigtable-emulator"
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
GO_PACKAGE = "cloud.google.com/go/bigtable/cmd/emulator"
# The folders of the Maven jar are named by these words; its `arm` binaries are 64-bit ones.
PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm", "arm64": "arm", "i686": "x86"}
SECONDS_TO_ANSWER = 180


def find_or_make() -> Path:
    """Path of an emulator: on the PATH, in a Google Cloud SDK, in the cache, or made into it.

    Raises:
        NotFoundError: if there is none and nothing to make it with; the message lists the ways.
    """
    found = next((path for path in candidates() if os.access(path, os.X_OK) and path.is_file()), None)
    return found or make_first()


def candidates() -> Iterator[Path]:
    """Where an emulator may already be, best first."""
    if on_path := shutil.which(BINARY):
        yield Path(on_path)
    if root := os.environ.get("CLOUDSDK_ROOT_DIR"):
        yield Path(root) / IN_SDK
    if gcloud := shutil.which("gcloud"):
        yield Path(gcloud).resolve().parent.parent / IN_SDK
    yield from (maker.cached for maker in MAKERS)


def make_first() -> Path:
    """The emulator as made by the first maker that can; what the others said goes into the error."""
    failures = []
    for maker in MAKERS:
        try:
            return provision.make(maker)
        except ShardkeepError as error:
            failures.append(str(error))
    raise NotFoundError(
        f"No Bigtable emulator, and none can be made ({'; '.join(failures)}). Do one of these: set "
        f"BIGTABLE_EMULATOR_HOST to a running one; put {BINARY} on the PATH; install the Google Cloud SDK with its "
        "bigtable component; install Maven; install Go."
    )


def make_with_maven(tool: str, version: str, folder: Path) -> Path:
    """Let Maven fetch the jar that holds the binaries of all platforms, and take out this platform's."""
    artifact = f"-Dartifact={MAVEN_ARTIFACT}:{version}"
    provision.run([tool, "-q", "-B", f"{MAVEN_PLUGIN}:copy", artifact, f"-DoutputDirectory={folder}"], folder)
    member = f"gcloud/bigtable-{platform_words()}/{IN_SDK.as_posix()}"
    with zipfile.ZipFile(next(folder.glob("*.jar"))) as jar:
        if member not in jar.namelist():
            raise NotFoundError(f"{MAVEN_ARTIFACT} has no {member}")
        return Path(jar.extract(member, folder))


def platform_words() -> str:
    """This platform as the folders of the Maven jar name it, such as `linux-x86_64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{PROCESSORS.get(machine, machine)}"


def make_with_go(tool: str, version: str, folder: Path) -> Path:
    """Let Go build the emulator's own source."""
    provision.go_install(tool, f"{GO_PACKAGE}@{version}", folder)
    return folder / "emulator"


@contextmanager
def running_emulator() -> Iterator[str]:
    """`host:port` of an emulator that answers: the user's own, or one started here and ended at exit.

    Raises:
        NotFoundError: if there is no emulator and none can be made.
        UnreachableError: if it does not start.
    """
    if own := os.environ.get("BIGTABLE_EMULATOR_HOST"):
        provision.say(NAME, f"using the one at {own}, from BIGTABLE_EMULATOR_HOST")
        yield own
        return
    with started(find_or_make()) as host:
        yield host


@contextmanager
def started(binary: Path) -> Iterator[str]:
    """Run `binary` in a process of its own on a free loopback port; yields its `host:port`."""
    with tempfile.TemporaryFile("w+") as log:
        # Bound by number: `localhost` may be ::1 for the server and 127.0.0.1 for its client.
        command = [str(binary), "-host", "127.0.0.1", "-port", "0"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        try:
            host = announced_host(process, log)
            wait_until_ready(host)
            yield host
        finally:
            provision.end(process)


def announced_host(process: "subprocess.Popen[str]", log: IO[str]) -> str:
    """The address in the line that the emulator prints once it listens (`... emulator running on host:port`)."""
    line = process.stdout.readline() if process.stdout else ""
    if " running on " not in line:
        log.seek(0)
        raise UnreachableError(f"The Bigtable emulator {process.args!r} did not start: {line}{log.read().strip()}")
    return line.split(" running on ")[1].strip()


def wait_until_ready(host: str, seconds: float = SECONDS_TO_ANSWER) -> None:
    """Wait until a gRPC channel to `host` is connected, past any proxy of the user's.

    Raises:
        UnreachableError: if it is not after so many seconds.
    """
    import grpc  # here, for it is slow to import and not needed to provision

    with grpc.insecure_channel(host, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise UnreachableError(f"The Bigtable emulator at {host} does not answer.") from error


def main() -> int:
    """Find or make the emulator and print its path, or the address of the user's own."""
    return provision.tell(NAME, lambda: os.environ.get("BIGTABLE_EMULATOR_HOST") or find_or_make())


MAKERS = (
    Maker(NAME, BINARY, "mvn", "0.220.0", make_with_maven),
    Maker(NAME, BINARY, "go", "v1.57.0", make_with_go),
)


if __name__ == "__main__":
    sys.exit(main())
