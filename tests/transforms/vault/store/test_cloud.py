"""The store on Cloud Storage keeps what every store must, and asks no more of a bucket than it may."""

import gzip
import pickle
from collections.abc import Iterator

import google_crc32c
import pytest

from tests.servers.gcs_faults import QUANTUM
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import new_store, opened
from tests.transforms.vault.store_conformance import BYTES, NameConformance, StoreConformance, content, pieces, stream
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.cloud_write import TOKEN
from transforms.vault.store.interface import ObjectStat, Store
from transforms.vault.store.resumable_upload import PART


@pytest.fixture
def store(gate: Gate) -> CloudStore:
    return new_store(gate)


class OfABucket:
    """No upload is left open either, and nothing is ever created that might overwrite."""

    folder: str

    @pytest.fixture
    def store(self, gate: Gate) -> Iterator[Store]:
        store = new_store(gate, self.folder)
        yield store
        assert gate.sessions.open(store.bucket) == []
        creations = [request for request in gate.requests if request.operation in ("start", "insert")]
        assert {request.query.get("ifGenerationMatch") for request in creations} <= {"0"}


class TestCloudStore(OfABucket, StoreConformance):
    folder = "backups/of shop"


class TestCloudStoreOfAWholeBucket(OfABucket, NameConformance):
    """Only where names begin differs from a store in a folder."""

    folder = ""


def test_the_objects_of_a_folder_are_those_of_its_name(gate: Gate) -> None:
    store = new_store(gate, "shop")
    for neighbour in (CloudStore(store.bucket, "shop2"), CloudStore(store.bucket)):
        neighbour.put("x", BYTES)
    store.put("a/b", BYTES)
    assert (list(store.list("")), list(store.folders(""))) == (["a/b"], ["a"])
    assert list(CloudStore(store.bucket).list("")) == ["shop/a/b", "shop2/x", "x"]


def test_a_store_can_be_pickled(store: CloudStore) -> None:
    store.put("a", BYTES)
    assert pickle.loads(pickle.dumps(store)).read("a") == BYTES  # noqa: S301 - our own


def test_a_stream_in_chunks_of_the_usual_size_is_whole(gate: Gate) -> None:
    store = CloudStore(gate.new_bucket())
    data = content(2 * PART + 1)
    stream(store, "a", *pieces(data, 1 << 20))
    assert store.read("a") == data
    sent = [request.headers["content-range"] for request in gate.requests if request.operation == "chunk"]
    last = 2 * PART
    assert sent == [f"bytes 0-{PART - 1}/*", f"bytes {PART}-{last - 1}/*", f"bytes {last}-{last}/{last + 1}"]


def test_the_last_chunk_carries_the_checksum_of_all(gate: Gate, store: CloudStore) -> None:
    stream(store, "a", content(QUANTUM + 1))
    sent = [request.headers.get("x-goog-hash") for request in gate.requests if request.operation == "chunk"]
    told = opened(store).get_blob(f"{store.folder}/a").crc32c
    assert sent == [None, f"crc32c={told}"]
    assert store.stat("a").crc32c == google_crc32c.value(content(QUANTUM + 1))


def test_each_write_has_a_token_of_its_own(store: CloudStore) -> None:
    store.put("a", BYTES)
    stream(store, "b", BYTES)
    tokens = [blob.metadata[TOKEN] for blob in opened(store).list_blobs()]
    assert [len(token) for token in tokens] == [32, 32]
    assert len(set(tokens)) == 2


def test_an_object_that_says_to_be_compressed_is_read_as_it_is_stored(store: CloudStore) -> None:
    blob = opened(store).blob(f"{store.folder}/a")
    data = gzip.compress(BYTES * 9)
    blob.content_encoding = "gzip"
    blob.upload_from_string(data)
    assert store.read("a") == data
    assert store.read("a", 3, 5) == data[3:8]


def test_a_listing_goes_through_all_pages_and_asks_for_names_alone(gate: Gate, store: CloudStore) -> None:
    names = [f"{number % 3}/{number}" for number in range(10)]
    for name in names:
        store.put(name, b"")
    gate.clear()
    gate.page = 4
    assert list(store.list("")) == sorted(names)
    assert [request.query["fields"] for request in gate.requests] == ["items(name),nextPageToken"] * 3
    assert list(store.folders("")) == ["0", "1", "2"]


def test_a_deletion_is_of_the_generation_that_was_seen(gate: Gate, store: CloudStore) -> None:
    store.put("a", BYTES)
    generation = opened(store).get_blob(f"{store.folder}/a").generation
    gate.clear()
    store.delete("a")
    assert [(request.operation, request.query.get("ifGenerationMatch")) for request in gate.requests] == [
        ("stat", None),
        ("delete", str(generation)),
    ]


def test_a_stat_asks_for_the_object_itself(gate: Gate, store: CloudStore) -> None:
    store.put("a", BYTES)
    gate.clear()
    assert store.stat("a") == ObjectStat("a", 10, google_crc32c.value(BYTES))
    assert gate.operations() == ["stat"]
