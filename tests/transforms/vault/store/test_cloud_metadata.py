"""A machine of Google Cloud whose metadata server fails: an error of ours, wherever it is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import json_server
from tests.servers.json_server import Answer, Request

UNIVERSE = "/computeMetadata/v1/universe/universe-domain"
# A process of its own: `google.auth` remembers what it has found out about the machine.
PROGRAM = """
from transforms.errors import UnreachableError
from transforms.vault.store.opening import open_store
try:
    open_store("gs://some-bucket").read("a")
except UnreachableError as error:
    print(error)
"""


@pytest.fixture
def asked() -> list[str]:
    return []


def test_a_metadata_server_that_refuses_is_told(tmp_path: Path, asked: list[str]) -> None:
    def answer(request: Request) -> Answer:
        asked.append(request.path)
        return (403, "no universe here") if request.path == UNIVERSE else (200, "my-project")

    with json_server.serving(answer, {"Metadata-Flavor": "Google"}) as address:
        said = run(tmp_path, GCE_METADATA_HOST=address, GCE_METADATA_IP=address)
    assert UNIVERSE in asked
    assert said.startswith("Google's metadata server does not tell the credentials for Cloud Storage: ")
    assert "no universe here" in said
    assert said.endswith("then run again.")


def run(folder: Path, **environment: str) -> str:
    """What PROGRAM prints on a machine without credentials of its own, whose metadata server is ours."""
    foreign = ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST")
    inherited = {name: value for name, value in os.environ.items() if name not in foreign}
    own = {"HOME": str(folder), "CLOUDSDK_CONFIG": str(folder), "no_proxy": "127.0.0.1", **environment}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=inherited | own, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()
