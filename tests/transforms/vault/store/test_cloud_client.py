"""One client for each process: anonymous and at once with an emulator, else with the credentials of the machine."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.cloud.storage import Client

from tests.servers import json_server
from tests.servers.gcs_gate import Gate
from tests.servers.json_server import Answer, Request
from tests.transforms.vault.cloud_stores import new_store
from tests.transforms.vault.store_conformance import BYTES
from transforms.errors import UnreachableError
from transforms.process_registry import ProcessRegistry
from transforms.vault.store import cloud_client
from transforms.vault.store.cloud_client import Cloud, cloud

# A process of its own: `google.auth` remembers what it has found out about the machine.
PROGRAM = """
import sys
from transforms.errors import UnreachableError
from transforms.vault.store.opening import open_store
store = open_store(sys.argv[1])
try:
    store.put("a", b"0123")
    print(store.read("a"), list(store.list("")))
except UnreachableError as error:
    print(error)
"""


@contextmanager
def recording_server() -> Iterator[tuple[str, list[str]]]:
    """A server where a metadata server or a proxy may be looked for: its address, and what it was asked."""
    asked: list[str] = []

    def missing(request: Request) -> Answer:
        asked.append(request.path)
        return 404, ""

    with json_server.serving(missing) as address:
        yield address, asked


class WatchedLock:
    """A lock that tells when so many have asked for it."""

    def __init__(self, count: int) -> None:
        self.all_here = threading.Event()
        self._lock, self._missing = threading.Lock(), threading.Semaphore(count - 1)

    def __enter__(self) -> None:
        if not self._missing.acquire(blocking=False):
            self.all_here.set()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def run(place: str, folder: Path, **environment: str) -> str:
    """What PROGRAM prints on a machine without credentials, whose metadata server and proxy are ours."""
    own = {"HOME": str(folder), "CLOUDSDK_CONFIG": str(folder), "no_proxy": "127.0.0.1", **environment}
    inherited = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
    ran = subprocess.run([sys.executable, "-c", PROGRAM, place], env=inherited | own, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_with_an_emulator_nobody_else_is_asked(gate: Gate, tmp_path: Path) -> None:
    place = f"gs://{gate.new_bucket()}/shop"
    with recording_server() as (address, asked):
        words = {
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "GCE_METADATA_ROOT": address,
            "HTTPS_PROXY": f"http://{address}",
            "HTTP_PROXY": f"http://{address}",
        }
        assert run(place, tmp_path, **words) == "b'0123' ['a']"
    assert asked == []
    assert {request.headers["host"] for request in gate.requests} == {gate.url.removeprefix("http://")}
    assert gate.operations() == ["insert", "read", "list"]


def test_without_credentials_it_is_told_how_to_get_some(tmp_path: Path) -> None:
    with recording_server() as (address, _):
        words = {"GCE_METADATA_HOST": address, "GCE_METADATA_IP": address, "NO_GCE_CHECK": "true"}
        said = run("gs://some-bucket", tmp_path, **words, STORAGE_EMULATOR_HOST="")
    assert said.startswith("No credentials for Cloud Storage: ")
    assert "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS" in said


def test_credentials_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key.json").write_text("{}")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(UnreachableError, match=r"No credentials for Cloud Storage: .*key\.json"):
        cloud()


def test_threads_that_begin_at_once_share_one_client(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Client] = []
    lock = WatchedLock(8)

    def late(**words: Any) -> Client:  # noqa: ANN401 - those of Client
        assert lock.all_here.wait(60), "8 threads have not all asked for the lock"
        made.append(Client(**words))
        return made[-1]

    registry: ProcessRegistry[str | None, Cloud] = ProcessRegistry()
    monkeypatch.setattr(registry, "_lock", lock)
    monkeypatch.setattr(cloud_client, "_CLOUDS", registry)
    monkeypatch.setattr(cloud_client, "Client", late)
    with ThreadPoolExecutor(8) as pool:
        clients = [each.client for each in pool.map(lambda _: cloud(), range(8))]
    assert [id(client) for client in clients] == [id(made[0])] * 8


def test_connections_are_kept_open_for_many_threads(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    store = new_store(gate)
    store.put("a", BYTES)
    at_once = threading.Barrier(16)

    def read(_: int) -> bytes:
        at_once.wait()
        return store.read("a")

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(read, range(64))) == {BYTES}
    assert "pool is full" not in caplog.text
