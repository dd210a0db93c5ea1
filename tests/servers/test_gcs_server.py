"""Cloud Storage for tests starts and ends, and real clients work with it."""

import os
import subprocess
from pathlib import Path

import pytest
import requests
from google.cloud.storage import Bucket

from tests.servers import gcloud, gcs_server
from tests.servers.gcs_faults import QUANTUM
from tests.servers.gcs_gate import Gate
from tests.servers.program_file import program
from transforms.errors import UnreachableError

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

        program, own = gcloud.program(), gcloud.settings(tmp_path / "config", "test-project", storage=gate.url)

        def storage(*words: str) -> bytes:
            command = [program, "storage", *words]
            return subprocess.run(command, env={**os.environ, **own}, check=True, capture_output=True).stdout

        storage("cp", str(tmp_path / "small"), str(tmp_path / "large"), f"gs://{bucket.name}/a/")
        assert storage("cat", f"gs://{bucket.name}/a/small") == b"small"
        assert bucket.blob("a/large").download_as_bytes() == BYTES * 13
        listed = storage("ls", f"gs://{bucket.name}/a/**").decode().split()
        assert listed == [f"gs://{bucket.name}/a/large", f"gs://{bucket.name}/a/small"]
        assert {"start", "chunk", "insert"} <= set(gate.operations())


class TestTheProgram:
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
                requests.get(f"{gone}/storage/v1/b", timeout=60)
