"""The gate to Cloud Storage for tests keeps the rules that Google documents."""

import http.client
import json
from urllib.parse import quote, urlsplit

import pytest
import requests
from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
from google.cloud.storage import Bucket

from tests.servers.gcs_faults import QUANTUM
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_upload import ByHand

BYTES = bytes(range(256)) * 4 * 256 * 3  # three quanta
ODD = "größe/a+b%2F c?.avro"


class TestResumableUploads:
    def test_asking_tells_what_is_kept_and_publishes_nothing(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        assert session.kept() is None
        assert session.put(BYTES[:QUANTUM], f"0-{QUANTUM - 1}/*").status_code == 308
        assert session.kept() == f"bytes=0-{QUANTUM - 1}"
        assert list(bucket.list_blobs()) == []

    def test_bytes_that_are_there_already_are_passed_over(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        session.put(BYTES[: 2 * QUANTUM], f"0-{2 * QUANTUM - 1}/*")
        ended = session.put(BYTES[QUANTUM:], f"{QUANTUM}-{len(BYTES) - 1}/{len(BYTES)}")
        assert (ended.status_code, ended.json()["size"]) == (200, str(len(BYTES)))
        assert bucket.blob("a").download_as_bytes() == BYTES

    def test_a_gap_is_an_error(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        answer = session.put(BYTES[QUANTUM:], f"{QUANTUM}-{len(BYTES) - 1}/{len(BYTES)}")
        assert (answer.status_code, session.kept()) == (400, None)

    def test_a_chunk_in_the_middle_is_a_multiple_of_256_kib(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        assert session.put(b"123", "0-2/*").status_code == 400

    def test_a_session_that_has_ended_says_again_how(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        first = session.put(b"123", "0-2/3")
        assert session.put(b"", "*/*").json() == first.json()
        assert gate.sessions.open(bucket.name) == []

    def test_an_upload_may_end_with_its_size_alone(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        assert session.put(b"", "*/0").status_code == 200
        assert bucket.blob("a").download_as_bytes() == b""

    def test_a_cancelled_upload_is_gone(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        assert gate.sessions.open(bucket.name) == ["a"]
        assert requests.delete(session.url, timeout=60).status_code == 499
        assert session.put(b"123", "0-2/3").status_code == 499
        assert (list(bucket.list_blobs()), gate.sessions.open(bucket.name)) == ([], [])

    def test_a_wrong_checksum_creates_nothing(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        assert session.put(b"123", "0-2/3", **{"X-Goog-Hash": "crc32c=AAAAAA=="}).status_code == 400
        assert list(bucket.list_blobs()) == []

    def test_a_taken_name_is_refused_at_the_start_and_at_the_end(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a", ifGenerationMatch="0")
        bucket.blob("a").upload_from_string(b"first")
        assert session.put(b"123", "0-2/3").status_code == 412
        assert ByHand(gate, bucket.name, "a", ifGenerationMatch="0").started.status_code == 412
        assert bucket.blob("a").download_as_bytes() == b"first"

    def test_an_unknown_session_is_not_found(self, gate: Gate, bucket: Bucket) -> None:
        where = f"{gate.url}/upload/storage/v1/b/{bucket.name}/o"
        assert requests.put(where, b"", params={"upload_id": "none"}, timeout=60).status_code == 404


class TestRules:
    def test_a_deletion_keeps_its_precondition(self, bucket: Bucket) -> None:
        blob = bucket.blob("a")
        blob.upload_from_string(b"1")
        with pytest.raises(PreconditionFailed):
            bucket.delete_blob("a", if_generation_match=blob.generation + 1)
        assert blob.exists()
        bucket.delete_blob("a", if_generation_match=blob.generation)
        assert not blob.exists()
        with pytest.raises(NotFound):
            bucket.delete_blob("a", if_generation_match=blob.generation)

    def test_a_missing_bucket_is_told_from_a_missing_object(self, bucket: Bucket) -> None:
        with pytest.raises(NotFound, match=f"No such object: {bucket.name}/a"):
            bucket.blob("a").download_as_bytes()
        with pytest.raises(NotFound, match="The specified bucket does not exist"):
            bucket.client.bucket("none").blob("a").reload()
        with pytest.raises(NotFound, match="The specified bucket does not exist"):
            bucket.client.bucket("none").blob("a").upload_from_string(b"")

    def test_who_may_only_create_neither_deletes_nor_overwrites(self, gate: Gate, bucket: Bucket) -> None:
        blob = bucket.blob("a")
        with gate.creating_only():
            blob.upload_from_string(b"1", if_generation_match=0)
            for forbidden in (blob.delete, blob.patch, lambda: blob.upload_from_string(b"2")):
                with pytest.raises(Forbidden, match=r"storage\.objects\.(delete|update)"):
                    forbidden()
            with pytest.raises(PreconditionFailed):
                blob.upload_from_string(b"2", if_generation_match=0)
            session = ByHand(gate, bucket.name, "b", ifGenerationMatch="0")
            assert requests.delete(session.url, timeout=60).status_code == 499
            assert blob.download_as_bytes() == b"1"

    def test_requests_are_recorded_without_credentials(self, gate: Gate, bucket: Bucket) -> None:
        gate.clear()
        url = f"{gate.url}/storage/v1/b/{bucket.name}/o/{quote(ODD, safe='')}"
        requests.get(url, {"alt": "media"}, headers={"Authorization": "Bearer secret", "Range": "bytes=1-"}, timeout=60)
        (request,) = gate.requests
        assert (request.method, request.query, request.operation) == ("GET", {"alt": "media"}, "read")
        assert (request.bucket, request.name, request.headers["range"]) == (bucket.name, ODD, "bytes=1-")
        assert "secret" not in repr(request)

    def test_a_connection_serves_many_requests(self, gate: Gate, bucket: Bucket) -> None:
        connection = http.client.HTTPConnection(urlsplit(gate.url).netloc, timeout=60)
        clients = set()
        for target in (f"/storage/v1/b/{bucket.name}", f"/storage/v1/b/{bucket.name}/o", "/storage/v1/b/none/o"):
            connection.request("GET", target)
            clients.add(connection.sock.getsockname())
            json.loads(connection.getresponse().read())
        connection.close()
        assert len(clients) == 1
