"""Each fault that the gate to Cloud Storage is given is what it says, and befalls one request."""

import pytest
import requests
from google.api_core.exceptions import BadRequest, ServiceUnavailable
from google.cloud.storage import Bucket

from tests.servers.gcs_faults import (
    QUANTUM,
    AnswerCorrupt,
    AnswerCut,
    AnswerLost,
    FieldsChanged,
    PartKept,
    Refused,
    RequestCorrupt,
    RequestCut,
)
from tests.servers.gcs_gate import Gate
from tests.servers.gcs_upload import ByHand

BYTES = bytes(range(256)) * 4 * 256 * 3  # three quanta


class TestFaults:
    @pytest.fixture
    def object_url(self, gate: Gate, bucket: Bucket) -> str:
        bucket.blob("a").upload_from_string(b"0123456789")
        return f"{gate.url}/storage/v1/b/{bucket.name}/o/a"

    def test_a_refused_request_does_no_work(self, gate: Gate, bucket: Bucket) -> None:
        gate.faults.plan("insert", Refused(503))
        with pytest.raises(ServiceUnavailable):
            bucket.blob("a").upload_from_string(b"1", retry=None)
        assert list(bucket.list_blobs()) == []

    def test_a_lost_answer_comes_after_the_work(self, gate: Gate, bucket: Bucket) -> None:
        gate.faults.plan("insert", AnswerLost())
        with pytest.raises(requests.ConnectionError):
            bucket.blob("a").upload_from_string(b"1", retry=None)
        assert bucket.blob("a").download_as_bytes() == b"1"

    @pytest.mark.parametrize(
        ("after", "kept"), [(0, 0), (QUANTUM - 1, 0), (QUANTUM + 9, QUANTUM), (len(BYTES), len(BYTES))]
    )
    def test_of_a_cut_chunk_whole_quanta_are_kept(self, gate: Gate, bucket: Bucket, after: int, kept: int) -> None:
        session = ByHand(gate, bucket.name, "a")
        gate.faults.plan("chunk", RequestCut(after))
        with pytest.raises(requests.ConnectionError):
            session.put(BYTES, f"0-{len(BYTES) - 1}/*")
        assert session.kept() == (f"bytes=0-{kept - 1}" if kept else None)

    def test_a_part_of_a_chunk_is_kept(self, gate: Gate, bucket: Bucket) -> None:
        session = ByHand(gate, bucket.name, "a")
        gate.faults.plan("chunk", PartKept(QUANTUM))
        answer = session.put(BYTES, f"0-{len(BYTES) - 1}/{len(BYTES)}")
        assert (answer.status_code, answer.headers["Range"]) == (308, f"bytes=0-{QUANTUM - 1}")

    def test_a_cut_insert_has_no_effect(self, gate: Gate, bucket: Bucket) -> None:
        gate.faults.plan("insert", RequestCut(10))
        with pytest.raises(requests.ConnectionError):
            bucket.blob("a").upload_from_string(b"1" * 99, retry=None)
        assert list(bucket.list_blobs()) == []

    def test_a_corrupt_request_is_refused_where_it_has_a_checksum(self, gate: Gate, bucket: Bucket) -> None:
        gate.faults.plan("insert", RequestCorrupt(2000), RequestCorrupt(2000))
        blob = bucket.blob("a")
        with pytest.raises(BadRequest):
            blob.upload_from_string(b"0" * 4000, checksum="crc32c", retry=None)
        assert list(bucket.list_blobs()) == []
        blob.upload_from_string(b"0" * 4000, checksum=None, retry=None)
        assert blob.download_as_bytes(checksum=None) != b"0" * 4000

    def test_an_answer_may_be_cut_or_corrupt(self, gate: Gate, object_url: str) -> None:
        gate.faults.plan("read", AnswerCut(4), AnswerCorrupt(4), None)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(object_url, {"alt": "media"}, timeout=60)
        read = [requests.get(object_url, {"alt": "media"}, timeout=60).content for _ in range(2)]
        assert read == [b"0123556789", b"0123456789"]

    def test_fields_of_an_answer_may_be_wrong_or_missing(self, gate: Gate, object_url: str) -> None:
        gate.faults.plan("stat", FieldsChanged({"crc32c": "AAAAAA==", "md5Hash": None}))
        told = requests.get(object_url, timeout=60).json()
        assert (told["crc32c"], told["size"], "md5Hash" in told) == ("AAAAAA==", "10", False)

    def test_faults_befall_one_request_each_in_their_order(self, gate: Gate, object_url: str) -> None:
        gate.faults.plan("stat", Refused(429, "rateLimitExceeded"), None, Refused(401, "authError"))
        assert [requests.get(object_url, timeout=60).status_code for _ in range(4)] == [429, 200, 401, 200]
        assert gate.faults.waiting() == 0
