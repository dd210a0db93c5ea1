"""Why streams to Cloud Storage are sent by an upload of ours: what the client library's own `BlobWriter` fails.

`transforms/vault/store/resumable_upload.py` and `transforms/vault/store/upload_session.py` can go when it fails
nothing any more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from google.api_core.exceptions import GoogleAPIError
from google.cloud.exceptions import GoogleCloudError
from google.cloud.storage.fileio import BlobWriter

from tests.servers.gcs_faults import QUANTUM, PartKept
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import DATA, HURRIED, opened, write
from tests.transforms.vault.store_conformance import pieces, raising, stream
from transforms.errors import ShardkeepError
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.interface import ObjectWriter

Case = Callable[[Gate, CloudStore], None]


class LibraryStore(CloudStore):
    """As ours, but for streams, which the library sends."""

    @contextmanager
    def create(self, name: str) -> Iterator[ObjectWriter]:
        blob = opened(self).blob(f"{self.folder}/{name}")
        writer = BlobWriter(blob, chunk_size=QUANTUM, if_generation_match=0)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.terminate()
            raise


def leaves_no_session_when_it_is_broken_off(gate: Gate, store: CloudStore) -> None:
    try:
        stream(store, "a", *pieces(DATA), then=raising(ValueError("ours")))
    except ValueError:
        assert (list(store.list("")), gate.sessions.open(store.bucket)) == ([], [])


def goes_on_where_a_part_is_kept_in_part(gate: Gate, store: CloudStore) -> None:
    gate.faults.plan("chunk", None, PartKept(0))
    write(store)
    assert store.read("a") == DATA


def ends_with_an_object_where_the_last_part_is_kept_in_part(gate: Gate, store: CloudStore) -> None:
    gate.faults.plan("chunk", None, None, None, PartKept(0))
    write(store)
    assert list(store.list("")) == ["a"]
    assert store.read("a") == DATA


CASES: tuple[Case, ...] = (
    leaves_no_session_when_it_is_broken_off,
    goes_on_where_a_part_is_kept_in_part,
    ends_with_an_object_where_the_last_part_is_kept_in_part,
)


def failed(gate: Gate, kind: type[CloudStore]) -> list[str]:
    """The cases that a kind of store fails, each in a bucket of its own."""
    names = list[str]()
    for case in CASES:
        try:
            case(gate, kind(gate.new_bucket(), "backups/of shop", HURRIED, QUANTUM))
        except (AssertionError, GoogleAPIError, GoogleCloudError, ShardkeepError, ValueError):
            names.append(case.__name__)
        gate.clear()
    return names


def test_the_library_s_writer_makes_an_object_where_nothing_goes_wrong(gate: Gate) -> None:
    store = LibraryStore(gate.new_bucket(), "backups/of shop", HURRIED, QUANTUM)
    write(store)
    assert store.read("a") == DATA


def test_our_upload_passes_what_the_library_s_fails(gate: Gate) -> None:
    assert failed(gate, CloudStore) == []
    assert failed(gate, LibraryStore) == [case.__name__ for case in CASES], (
        f"BlobWriter of google-cloud-storage {version('google-cloud-storage')} passes a case that it failed in 3.17."
        " When it passes them all, replace ours by it: resumable_upload.py and upload_session.py of"
        " transforms/vault/store."
    )
