"""Cloud Storage for tests is found or made, starts and ends, and real clients work with it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from google.cloud.storage import Bucket

from tests.servers import gcs_server
from tests.servers.gcs_faults import QUANTUM
from tests.servers.gcs_gate import Gate
from transforms.errors import NotFoundError, UnreachableError

BYTES = bytes(range(256)) * 4 * 256 * 3  # three quanta
ODD = "größe/a+b%2F c?.avro"


class TestRealClients:
    def test_googles_library_writes_reads_lists_and_deletes(self, bucket: Bucket) -> None:
        bucket.blob(ODD).upload_from_string(b"small", if_generation_match=0)
        with bucket.blob("large").open("wb", chunk_size=QUANTUM, if_generation_match=0) as writer:
            writer.write(BYTES + b"rest")
        assert bucket.blob(ODD).download_as_bytes() == b"small"
        assert bucket.get_blob("large").download_as_bytes() == BYTES + b"rest"
        assert bucket.blob("large").download_as_bytes(start=5, end=9) == BYTES[5:10]
        assert [blob.name for blob in bucket.list_blobs()] == sorted([ODD, "large"])
        bucket.blob("large").delete()
        assert [blob.name for blob in bucket.list_blobs()] == [ODD]

    def test_gcloud_copies_prints_and_lists(self, gate: Gate, bucket: Bucket, tmp_path: Path) -> None:
        (tmp_path / "small").write_bytes(b"small")
        (tmp_path / "large").write_bytes(BYTES * 13)  # gcloud uploads files of more than 8 MiB in a session

        def gcloud(*words: str) -> bytes:
            return subprocess.run(
                ["gcloud", "storage", *words], env=self.settings(gate, tmp_path), check=True, capture_output=True
            ).stdout

        if shutil.which("gcloud") is None:
            pytest.skip("gcloud is not on the PATH")
        gcloud("cp", str(tmp_path / "small"), str(tmp_path / "large"), f"gs://{bucket.name}/a/")
        assert gcloud("cat", f"gs://{bucket.name}/a/small") == b"small"
        assert bucket.blob("a/large").download_as_bytes() == BYTES * 13
        listed = gcloud("ls", f"gs://{bucket.name}/a/**").decode().split()
        assert listed == [f"gs://{bucket.name}/a/large", f"gs://{bucket.name}/a/small"]
        assert {"start", "chunk", "insert"} <= set(gate.operations())

    @staticmethod
    def settings(gate: Gate, folder: Path) -> dict[str, str]:
        own = {
            "CLOUDSDK_CONFIG": str(folder / "config"),
            "CLOUDSDK_CORE_PROJECT": "test-project",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{gate.url}/",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        }
        return {**os.environ, **own}


class TestTheProgram:
    def test_it_is_found_on_the_path_before_the_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        cached = program(gcs_server.MAKER.cached)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert gcs_server.find_or_make() == cached
        on_path = program(tmp_path / "bin" / gcs_server.NAME)
        assert gcs_server.find_or_make() == on_path

    def test_go_is_asked_and_its_binary_is_cached(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        with pytest.raises(NotFoundError, match="go is not on the PATH"):
            gcs_server.find_or_make()
        program(tmp_path / "bin" / "go", f'#!/bin/sh\necho "$*" > "$GOBIN/{gcs_server.NAME}"\n')
        made = gcs_server.find_or_make()
        assert made == gcs_server.MAKER.cached
        assert made.read_text() == f"install {gcs_server.GO_PACKAGE}@{gcs_server.MAKER.version}\n"
        assert os.listdir(made.parent) == [gcs_server.NAME]

    def test_one_that_cannot_start_is_reported_with_its_words(self, tmp_path: Path) -> None:
        broken = program(tmp_path / "broken", "#!/bin/sh\necho no such option >&2\nexit 1\n")
        with pytest.raises(UnreachableError, match="no such option"), gcs_server.started(broken, "127.0.0.1:1"):
            pass

    def test_it_ends_with_its_context(self, gcs: Gate) -> None:
        with gcs_server.running_gcs() as other:
            assert other.url != gcs.url
            url, address = other.url, other.backend.address
        for gone in (url, f"http://{address}"):
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{gone}/storage/v1/b", timeout=9)


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path
