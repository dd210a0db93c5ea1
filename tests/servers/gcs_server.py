"""Cloud Storage for tests: fake-gcs-server, found, or made into the cache folder, behind a gate of ours (`gcs_gate`).

`python -m tests.servers.gcs_server` finds or makes the server and prints its path.
"""

import http.client
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.servers import provision
from tests.servers.gcs_backend import Backend
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_handler import GateServer
from tests.servers.provision import go_maker
from transforms.errors import UnreachableError

NAME = "fake-gcs-server"
GO_PACKAGE = "github.com/fsouza/fake-gcs-server"
SECONDS_TO_ANSWER = 180
TRIES_AT_A_PORT = 5
PAUSE = 0.02


def find_or_make() -> Path:
    """Path of the server.

    Raises:
        NotFoundError: as `provision.find_or_make`.
    """
    return provision.find_or_make(MAKER, "Put it on the PATH, or install Go 1.25 or newer.")


@contextmanager
def running_gcs() -> Iterator[Gate]:
    """A gate that answers, with an empty server of its own behind; both end at exit.

    Raises:
        NotFoundError: if there is no server and none can be made.
        UnreachableError: if it does not start.
    """
    binary = find_or_make()
    with GateServer() as server:
        public = f"127.0.0.1:{server.server_address[1]}"
        with started(binary, public) as address:
            server.gate = Gate(Backend(address, public))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield server.gate
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def started(binary: Path, public: str) -> Iterator[str]:
    """Run the server in memory, on a free loopback port; yields its `host:port`.

    Its links name `public`. It takes no port of the system's choice, so a port that is free is chosen for it, and
    another one if somebody was faster.
    """
    with tempfile.TemporaryFile("w+") as log:
        for _ in range(TRIES_AT_A_PORT):
            port = _free_port()
            process = _start(binary, public, port, log)
            try:
                if _answers(process, port):
                    yield f"127.0.0.1:{port}"
                    return
            finally:
                provision.end(process)
        log.seek(0)
        raise UnreachableError(f"{binary} does not start: {log.read().strip()}")


def _start(binary: Path, public: str, port: int, log: IO[str]) -> "subprocess.Popen[str]":
    options = {
        "backend": "memory",
        "scheme": "http",
        "host": "127.0.0.1",
        "port": port,
        "external-url": f"http://{public}",
        "public-host": public,
        "log-level": "error",
    }
    command = [str(binary), *(f"-{name}={value}" for name, value in options.items())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True)


def _answers(process: "subprocess.Popen[str]", port: int) -> bool:
    """Wait until the server answers; False if it has ended, or does not."""
    until = time.monotonic() + SECONDS_TO_ANSWER
    while process.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_ANSWER)
        try:
            connection.request("GET", "/_internal/healthcheck")
            return connection.getresponse().status == 200
        except ConnectionError:
            time.sleep(PAUSE)  # a pause between two questions to a process that announces nothing
        finally:
            connection.close()
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Find or make the server and print its path."""
    return provision.tell(NAME, find_or_make)


MAKER = go_maker(NAME, NAME, GO_PACKAGE, "v1.56.1")


if __name__ == "__main__":
    sys.exit(main())
